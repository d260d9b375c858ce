"""Runs Bazel and reads what it has done from its build event file.

Source: Bazel, "Build Event Protocol" (build_event_stream.proto).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from tools import paths


class BuildError(Exception):
    """Bazel could not build what was asked for; it has said why itself."""


@dataclass(frozen=True)
class Invocation:
    """One run of Bazel: its exit code and its events."""

    exit_code: int
    events: list[dict[str, Any]]


def run(command: str, arguments: Sequence[str], *,
        quiet: bool = False) -> Invocation:
    """Runs `bazel COMMAND ARGUMENTS`; its output goes to standard error."""
    options = ["--ui_event_filters=-info"] if quiet else []
    if not sys.stderr.isatty():
        options.append("--noshow_progress")
    with tempfile.NamedTemporaryFile(suffix=".json") as events:
        process = subprocess.run(
            ["bazel", command, f"--build_event_json_file={events.name}",
             *options, *arguments],
            cwd=paths.ROOT, stdout=2, check=False)
        return Invocation(process.returncode,
                          list(_events(Path(events.name))))


def _events(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):  # The last one may be cut off.
                yield json.loads(line)


def local_path(uri: str) -> Path:
    """The file that an event names."""
    return Path(unquote(urlparse(uri).path))


def incompatible(labels: Sequence[str], flags: Sequence[str]) -> set[str]:
    """Those of the labels that are not for the platform of the flags.

    A package is asked for as a whole: of what is named, Bazel 4.2 would only
    say that it cannot be built.
    """
    packages = {label.partition(":")[0] for label in labels}
    if not packages:
        return set()
    invocation = run("build", [
        *flags, "--nobuild", "--keep_going", "--",
        *sorted(f"{package}:all" for package in packages)], quiet=True)
    skipped = {event["id"].get("targetCompleted", {}).get("label")
               for event in invocation.events
               if event.get("aborted", {}).get("reason") == "SKIPPED"}
    return skipped & set(labels)


def build(labels: Sequence[str],
          flags: Sequence[str]) -> dict[str, Path]:
    """The program of each label, built. Raises BuildError."""
    programs = build_all(labels, flags) if labels else {}
    missing = [label for label in labels if label not in programs]
    if missing:
        raise BuildError(f"{missing[0]} is no program")
    return programs


def build_all(patterns: Sequence[str],
              flags: Sequence[str]) -> dict[str, Path]:
    """The programs of all targets that the patterns and flags choose, built, by
    their labels. Raises BuildError.
    """
    invocation = run("build", [*flags, "--", *patterns], quiet=True)
    if invocation.exit_code != 0:
        raise BuildError(
            f"bazel build {' '.join([*flags, *patterns])} failed with exit "
            f"code {invocation.exit_code}; what it said is above")
    programs = {}
    for event in invocation.events:
        outputs = event.get("completed", {}).get("importantOutput", [])
        label = event["id"].get("targetCompleted", {}).get("label")
        for output in outputs:
            path = local_path(output["uri"])
            if os.access(path, os.X_OK):
                programs[label] = path
    return programs
