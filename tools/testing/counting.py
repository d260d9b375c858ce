"""Counts test cases in what Bazel reports of a run."""

import xml.etree.ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.experiment.bazel import Invocation, local_path

_GOOD = ("PASSED", "FLAKY")


@dataclass
class Count:
    """Test cases, and the labels or cases that failed."""

    passed: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Count") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.failures += other.failures

    def fail(self, what: str) -> None:
        self.failed += 1
        self.failures.append(what)


def count_cases(file: Path, label: str) -> Count:
    """The cases of a test.xml. A report without any counts as one case."""
    count = Count()
    try:
        root = xml.etree.ElementTree.parse(file).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return count
    for case in root.iter("testcase"):
        if case.find("skipped") is not None or case.get("status") == "notrun":
            continue
        name = f"{label} {case.get('classname', '')}.{case.get('name', '')}"
        if case.find("failure") is None and case.find("error") is None:
            count.passed += 1
        else:
            count.fail(name)
    return count


def count_invocation(invocation: Invocation, name: str,
                     is_build: bool) -> Count:
    """What a suite adds: cases of its tests, targets that did not build."""
    count = Count()
    reports = _reports(invocation.events)
    for event in invocation.events:
        identity = event["id"]
        if "testSummary" in event:
            label = identity["testSummary"]["label"]
            count.add(_count_test(label, event["testSummary"]["overallStatus"],
                                  reports.get(label, [])))
        elif "completed" in event or "aborted" in event:
            label = identity.get("targetCompleted", {}).get("label")
            # A target that is for another platform is left out.
            is_skipped = event.get("aborted", {}).get("reason") == "SKIPPED"
            if label and not is_skipped and not event.get(
                    "completed", {}).get("success"):
                count.fail(f"{label} was not built")
    if invocation.exit_code != 0 and not count.failed:
        count.fail(f"bazel ended with exit code {invocation.exit_code}")
    if is_build and not count.failed:
        count.passed = 1
    for index, failure in enumerate(count.failures):
        count.failures[index] = f"{name}: {failure}"
    return count


def _reports(events: Sequence[dict[str, Any]]) -> dict[str, list[Path]]:
    """The test.xml of each shard of each test, of its last attempt."""
    files: dict[tuple[str, int], Path] = {}
    for event in events:
        identity = event["id"].get("testResult")
        for output in event.get("testResult", {}).get("testActionOutput", []):
            if output["name"] == "test.xml":
                shard = identity.get("shard", 0)
                files[identity["label"], shard] = local_path(output["uri"])
    reports: dict[str, list[Path]] = {}
    for (label, _), file in files.items():
        reports.setdefault(label, []).append(file)
    return reports


def _count_test(label: str, status: str, files: Sequence[Path]) -> Count:
    count = Count()
    if status == "NO_STATUS":
        return count  # It was left out, or could not be built: that is told.
    for file in files:
        count.add(count_cases(file, label))
    if status in _GOOD:
        if count.failed:
            count.failures.append(f"{label} passed, but its report says other")
        elif not count.passed:
            count.passed = 1
    elif not count.failed:
        count.fail(f"{label} {status.lower().replace('_', ' ')}")
    return count
