"""`./ebbrt test`: runs the tests, and counts their cases."""

import argparse
import sys
import time

from tools.experiment import bazel
from tools.experiment.problems import DocumentError, unknown
from tools.experiment.progress import duration_text
from tools.testing.counting import Count, count_invocation
from tools.testing.suites import SUITES, Suite

SUMMARY = "run the tests"
DESCRIPTION = """\
Runs all tests, suite by suite, and ends with a line `N passed, N failed`,
counted in test cases. What does not build has failed. The suites:

""" + "\n".join(f"  {suite.name:11} {suite.purpose}" for suite in SUITES) + """

Unchanged tests are not run again. `EBBRT_SEED=N ./ebbrt test` gives random
tests that seed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", metavar="TARGET", nargs="*",
                        help="only these Bazel targets, such as //core/...")
    parser.add_argument("--quick", action="store_true",
                        help="only the suite linux")
    parser.add_argument("--suite", metavar="NAME", action="append", default=[],
                        dest="suites", help="only this suite; may be given "
                        "several times")


def run(options: argparse.Namespace) -> int:
    total = Count()
    suites = _chosen(options)
    for suite in suites:
        print(f"ebbrt: {suite.name}: {suite.purpose}", file=sys.stderr)
        begin_s = time.monotonic()
        count = _run_suite(suite, options.targets)
        total.add(count)
        print(f"{suite.name}: passed {count.passed}, failed {count.failed} "
              f"in {duration_text(time.monotonic() - begin_s)}", flush=True)
    for failure in total.failures:
        print(f"failed: {failure}")
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


def _chosen(options: argparse.Namespace) -> list[Suite]:
    names = [suite.name for suite in SUITES]
    for name in options.suites:
        if name not in names:
            raise DocumentError([unknown("--suite", "suite", name, names)])
    wanted = options.suites or (["linux"] if options.quick or options.targets
                                else names)
    return [suite for suite in SUITES if suite.name in wanted]


def _run_suite(suite: Suite, targets: list[str]) -> Count:
    invocation = bazel.run(suite.command, [
        *suite.flags, "--keep_going", "--", *(targets or suite.targets)])
    return count_invocation(invocation, suite.name,
                            is_build=suite.command == "build")
