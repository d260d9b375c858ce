"""`./ebbrt fuzz`: each fuzzer for a number of executions."""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import paths
from tools.experiment import bazel, exploration
from tools.experiment.problems import DocumentError, Problem
from tools.testing import fuzzing
from tools.testing.suites import SUITES

SUMMARY = "run the fuzzers for longer than the tests do"
DESCRIPTION = """\
Builds the fuzzers (suite `fuzz` of `./ebbrt test`) once, with sanitizers, and
runs each for a number of executions, several fuzzers at a time. One that finds
something ends there, and the next goes on. What is found, the log and the
inputs that reached something new are kept, and the next run begins with them.

  ./ebbrt fuzz --runs 10000000
  ./ebbrt fuzz --runs 10000000 //core/net/...

Exits with 1 if something was found, or a fuzzer was stopped. `program FILE`, in
the folder that is named, runs a finding again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", metavar="TARGET", nargs="*",
                        help="only these Bazel targets, such as //core/...")
    parser.add_argument("--runs", metavar="N", type=int, default=1_000_000,
                        help="executions of each (1000000)")
    parser.add_argument("--jobs", metavar="N", type=int,
                        default=exploration.default_jobs(),
                        help="how many fuzzers at a time (as many as there are "
                        "processors)")
    parser.add_argument("--seed", metavar="N", type=int, default=1,
                        help="of libFuzzer's choices (1)")
    parser.add_argument("--output", metavar="DIR", type=Path,
                        default=paths.LOCAL_RESULTS / "fuzz",
                        help="where findings are kept, instead of "
                        "results/local/fuzz")


def run(options: argparse.Namespace) -> int:
    for name in ("runs", "jobs", "seed"):
        value = getattr(options, name)
        if not 0 < value < 2**31:
            raise DocumentError([Problem(f"--{name}", str(value),
                                         "1 or more, below 2^31")])
    suite = next(suite for suite in SUITES if suite.name == "fuzz")
    programs = bazel.build_all(options.targets or suite.targets, suite.flags)
    prepared = [fuzzing.prepare(label, program, options.output)
                for label, program in sorted(programs.items())]
    width = max(len(directory.name) for directory in prepared)
    print(f"{'':{width}}  executions      /s")
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(
                lambda own: fuzzing.run(own, options.runs, options.seed),
                prepared):
            outcomes.append(outcome)
            said = (f"was stopped: {outcome.directory}" if outcome.stopped
                    else f"found something: {outcome.directory}"
                    if outcome.found else "clean")
            speed = outcome.executions / outcome.seconds
            print(f"{outcome.name:{width}}  {outcome.executions:10} "
                  f"{speed:7.0f}  {said}", flush=True)
    found = sum(outcome.found for outcome in outcomes)
    stopped = sum(outcome.stopped for outcome in outcomes)
    print(f"{len(outcomes) - found - stopped} clean, {found} with a finding, "
          f"{stopped} stopped")
    return 1 if found or stopped else 0
