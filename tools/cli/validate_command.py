"""`./ebbrt validate`: says whether an experiment is right, and runs nothing."""

import argparse
from pathlib import Path

from tools.experiment import document, plan, platforms, semantics

SUMMARY = "check an experiment without running it"
DESCRIPTION = """\
Checks an experiment against its JSON Schema (experiments/schema) and for what a
schema cannot say: roles, references, axes, claims, every point of the sweep.
Each error names where it is, what was found, what was expected, and the nearest
right key. Exits with 2 if there is one.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, nargs="+",
                        help="the experiment")


def run(options: argparse.Namespace) -> int:
    for file in options.file:
        config = document.load(file)
        platforms.settle(config)
        points = semantics.check(config)
        print(f"{file}: {len(points)} points, "
              f"{len(plan.plan(config, points))} runs")
    return 0
