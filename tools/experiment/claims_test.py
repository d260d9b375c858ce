import math
import unittest

from tools.experiment import claims
from tools.experiment.expression import Expression, ExpressionError
from tools.testing.main import main


def _runs(**figures):
    """Runs of a metric at the points server=NAME, one a repetition."""
    return [{"point": {"server": name}, "repetition": repetition,
             "status": "ok", "metrics": {"rps": value, "l_ns": {"p99": value},
                                         "BM_X/64": {"cpu": value}},
             "nodes": {"s": {"resident_bytes_max": value}}}
            for name, values in figures.items()
            for repetition, value in enumerate(values, 1)]


def _outcome(expression, goal, runs, seed=1):
    claim = {"name": "c", "expression": expression, "goal": goal}
    return claims.evaluate([claim], runs, seed)[0]


_RATIO = 'median(rps, server="a") / median(rps, server="b")'


class ExpressionTest(unittest.TestCase):

    def _value(self, text, runs):
        return _outcome(text, ">= 0", runs).value

    def test_reduces_repetitions(self):
        runs = _runs(a=[1, 2, 3, 4, 100])
        for text, value in [
            ("median(rps)", 3), ("mean(rps)", 22), ("minimum(rps)", 1),
            ("maximum(rps)", 100), ("quantile(rps, 0.25)", 2),
            ("quantile(rps, 0.9)", 61.6), ("median(l_ns.p99)", 3),
            ('median("BM_X/64.cpu")', 3),
            ("median(nodes.s.resident_bytes_max)", 3),
        ]:
            with self.subTest(text):
                self.assertAlmostEqual(self._value(text, runs), value)

    def test_does_arithmetic(self):
        runs = _runs(a=[4, 4, 4])
        for text, value in [
            ("median(rps) * 2 + 1", 9), ("-median(rps) ** 2", -16),
            ("min(median(rps), 3, 5)", 3), ("max(1, median(rps))", 4),
            ("abs(2 - median(rps))", 2), ("sqrt(median(rps))", 2),
            ("geomean(1, median(rps), 16)", 4), ("(median(rps) - 1) / 3", 1),
        ]:
            with self.subTest(text):
                self.assertAlmostEqual(self._value(text, runs), value)

    def test_pairs_what_was_measured_side_by_side(self):
        # The machine became four times slower within the third repetition.
        runs = _runs(a=[12, 12, 48, 48, 48], b=[10, 10, 10, 40, 40])
        for text, value in [
            (_RATIO, 4.8), (f"paired({_RATIO})", 1.2),
            (f"2 * paired({_RATIO})", 2.4),
            ('paired(max(median(rps, server="a"), 60) / '
             'median(rps, server="b"))', 6),
        ]:
            with self.subTest(text):
                self.assertAlmostEqual(self._value(text, runs), value)
        self.assertEqual(_outcome(f"paired({_RATIO})", ">= 1.15",
                                  runs).verdict, "holds")

    def test_is_nothing_but_arithmetic(self):
        for text in ("rps", "median(rps", "median()", "median(rps, 1)",
                     "quantile(rps)", "quantile(rps, 2)", "open('x')",
                     "[1][0]", "median(rps) if 1 else 2", "(lambda: 1)()",
                     "median(rps).__class__", "min(rps=1)", "paired()",
                     "paired(median(rps), 1)", "paired(rps)", "True", "'a'",
                     "median(1)", "median(rps, a=b)", "1 << 9", "",
                     "a" * 20_000, "(" * 500 + "1" + ")" * 500):
            with self.subTest(text[:40]):
                self.assertRaises(ExpressionError, Expression, text)

    def test_survives_its_own_arithmetic(self):
        runs = _runs(a=[0, 0, 0])
        for text in ("1 / median(rps)", "9 ** 9 ** 9 ** 9 + median(rps)",
                     "sqrt(median(rps) - 1)", "geomean(median(rps))",
                     "(median(rps) - 1) ** 0.5", "1e308 * 10 + median(rps)"):
            with self.subTest(text):
                self.assertEqual(_outcome(text, ">= 1", runs).verdict,
                                 "not measured")


class ClaimTest(unittest.TestCase):

    def test_holds_where_the_whole_interval_is_good(self):
        outcome = _outcome(_RATIO, ">= 1.3", _runs(
            a=[150, 151, 149, 150, 152], b=[100, 101, 99, 100, 100]))
        self.assertEqual(outcome.verdict, "holds")
        self.assertAlmostEqual(outcome.value, 1.5)
        self.assertLess(1.3, outcome.low)
        self.assertLessEqual(outcome.low, outcome.value)
        self.assertLessEqual(outcome.value, outcome.high)
        self.assertRegex(str(outcome), r"^claim c: 1\.5 \[1\.\d+, 1\.\d+\], "
                         r"goal >= 1\.3: holds$")

    def test_is_missed_where_the_whole_interval_is_bad(self):
        runs = _runs(a=[110, 111, 109], b=[100, 101, 99])
        self.assertEqual(_outcome(_RATIO, ">= 1.3", runs).verdict, "missed")
        self.assertEqual(_outcome(_RATIO, "<= 1.05", runs).verdict, "missed")

    def test_is_too_noisy_where_the_interval_has_the_goal(self):
        runs = _runs(a=[90, 150, 130, 100, 160], b=[100, 100, 100, 100, 100])
        for goal in (">= 1.3", "<= 1.3"):
            outcome = _outcome(_RATIO, goal, runs)
            self.assertEqual(outcome.verdict, "too noisy")
            self.assertLess(outcome.low, 1.3)
            self.assertGreater(outcome.high, 1.3)

    def test_minds_the_end_of_the_goal(self):
        runs = _runs(a=[2, 2, 2])
        for goal, verdict in [(">= 2", "holds"), ("<= 2", "holds"),
                              ("> 2", "missed"), ("< 2", "missed"),
                              ("< 2.5", "holds"), (">= 2.5e0", "missed")]:
            with self.subTest(goal):
                self.assertEqual(_outcome("median(rps)", goal, runs).verdict,
                                 verdict)

    def test_knows_no_interval_of_few_repetitions(self):
        outcome = _outcome(_RATIO, ">= 1", _runs(a=[9, 9], b=[1, 1]))
        self.assertEqual(str(outcome),
                         "claim c: 9 [-inf, inf], goal >= 1: too noisy")
        self.assertIsNone(outcome.as_json()["low"])

    def test_draws_the_same_from_one_seed(self):
        runs = _runs(a=[1, 2, 3, 4, 5, 6, 7], b=[1, 3, 2, 5, 4, 7, 6])
        first = _outcome(_RATIO, ">= 1", runs, seed=5)
        self.assertEqual(first, _outcome(_RATIO, ">= 1", runs, seed=5))

    def test_keeps_a_repetition_together(self):
        # The machine was fast or slow for both at once: the ratio of a
        # repetition is always 2, and so is that of any draw's means.
        runs = _runs(a=[2, 20, 200, 2000], b=[1, 10, 100, 1000])
        outcome = _outcome('mean(rps, server="a") / mean(rps, server="b")',
                           ">= 2", runs)
        self.assertAlmostEqual(outcome.low, 2)
        self.assertAlmostEqual(outcome.high, 2)

    def test_has_about_the_interval_of_theory(self):
        # The mean of n values of known variance: +-1.96 sigma / sqrt(n).
        values = [(i * 37 % 100) for i in range(100)]
        sigma = math.sqrt(sum((v - 49.5) ** 2 for v in values) / 100)
        outcome = _outcome("mean(rps)", ">= 0", _runs(a=values))
        self.assertAlmostEqual(outcome.high - outcome.low,
                               2 * 1.96 * sigma / 10, delta=1)

    def test_uses_only_repetitions_that_both_sides_have(self):
        runs = _runs(a=[10, 10, 10, 99], b=[1, 1, 1])
        outcome = _outcome('mean(rps, server="a") / mean(rps, server="b")',
                           ">= 1", runs)
        self.assertEqual((outcome.value, outcome.repetitions), (10, 3))

    def test_says_what_was_not_measured(self):
        runs = _runs(a=[1, 1, 1])
        self.assertEqual(
            str(_outcome("median(absent)", ">= 1", runs)),
            "claim c: not measured (server=a has no absent)")
        self.assertEqual(
            str(_outcome(_RATIO, ">= 1", runs)),
            "claim c: not measured (no repetition has all of its figures)")
        failed = [{**run, "status": "failed"} for run in runs]
        self.assertEqual(_outcome("median(rps)", ">= 1", failed).verdict,
                         "not measured")


if __name__ == "__main__":
    main()
