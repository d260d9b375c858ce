"""The directory of a result: what is in it, and how it is written.

    results/local/NAME-HASH/
      result.json   everything that was measured; resuming reads it
      result.csv    one row a run
      report.html   figures/   logs/RUN/ROLE.log
"""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment import metrics, schema
from tools.experiment.problems import DocumentError, Problem

RESULT = "result.json"
CSV = "result.csv"
SCHEMA_VERSION = 1


def write_atomically(file: Path, text: str) -> None:
    """Either the old file or the new one is there, whatever happens."""
    fresh = file.with_suffix(file.suffix + ".new")
    with fresh.open("w", encoding="utf-8") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    fresh.replace(file)


def read(directory: Path) -> dict[str, Any]:
    """The result in a directory. Raises DocumentError."""
    file = directory / RESULT
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DocumentError([Problem(str(file), error.strerror.lower(),
                                     "the result of a run")]) from None
    except ValueError as error:
        raise DocumentError([Problem(str(file), str(error),
                                     "a JSON document")]) from None
    problems = schema.check_result(result)
    if problems:
        raise DocumentError(problem.within(str(file)) for problem in problems)
    return result


def write(directory: Path, result: dict[str, Any]) -> None:
    """Writes result.json."""
    directory.mkdir(parents=True, exist_ok=True)
    write_atomically(directory / RESULT,
                     json.dumps(result, separators=(",", ":")) + "\n")


def directories(name: str, key: str, parent: Path) -> list[Path]:
    """Where results of this configuration are, oldest first."""
    first = parent / f"{name}-{key}"
    found = [first] if (first / RESULT).is_file() else []
    while (next_one := first.with_name(f"{first.name}-{len(found) + 1}")
           ).joinpath(RESULT).is_file() and found:
        found.append(next_one)
    return found


def choose_directory(name: str, key: str, *, is_fresh: bool,
                     parent: Path = paths.LOCAL_RESULTS) -> Path:
    """The newest directory of this configuration, or a new one."""
    found = directories(name, key, parent)
    if found and not is_fresh:
        return found[-1]
    suffix = f"-{len(found) + 1}" if found else ""
    return parent / f"{name}-{key}{suffix}"


def write_csv(directory: Path, result: dict[str, Any]) -> None:
    """Writes result.csv: the point, the run, every number that it reported."""
    axes = list(dict.fromkeys(
        axis for run in result["runs"] for axis in run["point"]))
    rows = [metrics.flatten(run["metrics"]) for run in result["runs"]]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    fixed = [key for key in ("platform", "repetition", "seed", "status")
             if key not in axes]
    fresh = directory / (CSV + ".new")
    with fresh.open("w", encoding="utf-8", newline="") as output:
        writer = csv.writer(output)
        writer.writerow([*axes, *fixed, *columns])
        for run, row in zip(result["runs"], rows):
            writer.writerow([*(run["point"].get(axis, "") for axis in axes),
                             *(run[key] for key in fixed),
                             *(row.get(column, "") for column in columns)])
    fresh.replace(directory / CSV)


def failures(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The runs that measured nothing."""
    return (run for run in result["runs"] if run["status"] != "ok")
