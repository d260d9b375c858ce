"""`./ebbrt list`: the applications and experiments that there are."""

import argparse
import json

from tools import paths
from tools.experiment import targets

SUMMARY = "name the applications and experiments"
DESCRIPTION = "Names the applications (for start) and experiments (for run)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # It has none.


def run(options: argparse.Namespace) -> int:
    del options
    print("applications:")
    for name, label in targets.applications().items():
        print(f"  {name:24} {label}")
    print("experiments:")
    for file in paths.shipped_experiments():
        description = json.loads(file.read_text()).get("description", "")
        name = str(file.relative_to(paths.ROOT))
        print(f"  {name:36} {description.partition('. ')[0].rstrip('.')}")
    return 0
