"""`./ebbrt doctor`: says what this machine can do."""

import argparse

from tools.cli import probes
from tools.experiment.table import render

SUMMARY = "say what this machine can do"
DESCRIPTION = """\
Probes what the platforms and experiments can use on this machine. An ability is
tried, not looked up: /dev/kvm may exist where no guest runs.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # It has none.


def run(options: argparse.Namespace) -> int:
    del options
    facts = [[name, fact()] for name, fact in probes.FACTS]
    print(render(["machine", ""], facts) + "\n")
    rows = []
    for ability in probes.ABILITIES:
        works, details = ability.probe()
        rows.append([ability.name, "yes" if works else "no", details,
                     ability.use])
    print(render(["ability", "works", "details", "used for"], rows))
    return 0
