"""`./ebbrt report`: makes the report of a result anew."""

import argparse
from pathlib import Path

from tools.experiment import claims, results, table

SUMMARY = "make the report of a result anew"
DESCRIPTION = """\
Reads DIR/result.json and writes result.csv, the figures and report.html again;
prints the table and the claims. Nothing is measured.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", type=Path,
                        help="the directory of a result")


def run(options: argparse.Namespace) -> int:
    from tools.report import report  # Plotting takes its time to load.

    result = results.read(options.directory)
    results.write_csv(options.directory, result)
    head, rows = table.summary(result)
    if rows:
        print(table.render(head, rows) + "\n")
    for claim in result["claims"]:
        print(claims.Outcome(**claim))
    print(f"report: {report.write(options.directory, result)}")
    return 0
