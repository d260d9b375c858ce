import unittest

from tools.experiment import placement, table, units
from tools.experiment.nodes import Node
from tools.testing.main import main


def _result(runs, **config):
    return {"runs": runs, "config": config}


def _run(point, repetition, **metrics):
    return {"point": point, "repetition": repetition, "status": "ok",
            "metrics": metrics}


class SummaryTest(unittest.TestCase):

    def test_shows_medians_and_spread_in_fitting_units(self):
        runs = [_run({"n": n}, i, throughput_rps=n * 1000 * (1 + i / 100),
                     latency_ns={"p99": 5e5})
                for n in (1, 2) for i in (1, 2, 3)]
        head, rows = table.summary(_result(runs))
        self.assertEqual(head, ["n", "throughput (requests/s)",
                                "latency p99 (µs)"])
        self.assertEqual(rows, [["1", "1,020 ±1.0%", "500 ±0.0%"],
                                ["2", "2,040 ±1.0%", "500 ±0.0%"]])

    def test_has_the_order_of_the_sweep(self):
        runs = [_run({"n": n}, 1, x=n) for n in (2, 3, 1)]
        axis = {"path": "nodes.a.cores", "name": "n", "values": [1, 2]}
        rows = table.summary(_result(runs, sweep=[axis]))[1]
        self.assertEqual([row[0] for row in rows], ["1", "2", "3"])

    def test_leaves_out_failed_runs(self):
        runs = [_run({"n": 1}, 1, x=1),
                {**_run({"n": 1}, 2, x=99), "status": "failed"}]
        self.assertEqual(table.summary(_result(runs))[1], [["1", "1"]])

    def test_shows_what_the_experiment_chooses(self):
        runs = [_run({"n": 1}, 1, BM_A={"cpu_time_ns": 2}, BM_B={
            "cpu_time_ns": 3, "real_time_ns": 9})]
        head, rows = table.summary(_result(runs, metrics=["*.cpu_time_ns"]))
        self.assertEqual(head, ["n", "BM A cpu time (ns)",
                                "BM B cpu time (ns)"])
        self.assertEqual(rows, [["1", "2", "3"]])

    def test_turns_a_single_point(self):
        runs = [_run({}, i, duration_s=i) for i in (1, 2, 3)]
        self.assertEqual(table.summary(_result(runs)),
                         (["metric", "median"], [["duration (s)", "2 ±50%"]]))

    def test_aligns_words_left_and_figures_right(self):
        self.assertEqual(
            table.render(["name", "x"], [["a", "1"], ["bcdef", "1,000"]]),
            "name       x\n-----  -----\na          1\nbcdef  1,000")


class UnitsTest(unittest.TestCase):

    def test_chooses_by_magnitude(self):
        self.assertEqual(units.choose("latency_ns.p50", 5e3),
                         ("latency p50 (µs)", 1e3))
        self.assertEqual(units.choose("resident_bytes", 3 * 2**20),
                         ("resident (MiB)", 2**20))
        self.assertEqual(units.choose("errors", 3), ("errors", 1))

    def test_writes_numbers(self):
        for value, text in [(0, "0"), (1234567.8, "1,234,568"), (None, "-"),
                            (1.23456, "1.235"), (0.00001234, "1.234e-05")]:
            self.assertEqual(units.text(value), text)


class PlacementTest(unittest.TestCase):

    def _place(self, available, *wanted):
        nodes = [Node(role=f"n{i}", cores=cores, processors=processors)
                 for i, (cores, processors) in enumerate(wanted)]
        return placement.place(nodes, available)

    def test_gives_nodes_processors_of_their_own(self):
        self.assertEqual(self._place([0, 1, 2, 3], (1, []), (2, [])),
                         [[0], [1, 2]])

    def test_minds_those_that_are_named(self):
        self.assertEqual(self._place([0, 1, 2], (1, []), (1, [0])),
                         [[1], [0]])

    def test_shares_where_there_are_too_few(self):
        self.assertEqual(self._place([0, 1], (2, []), (2, [])),
                         [[0, 1], [0, 1]])
        self.assertEqual(self._place([0, 1], (1, []), (2, [])),
                         [[0], [1, 0]])
        self.assertEqual(self._place([0], (4, [])), [[0]])


if __name__ == "__main__":
    main()
