"""Who is let off which check, and why."""

from collections.abc import Iterable

from tools.tidy.findings import Finding

# (check, path): reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}

# (check, name): reason.
GLOBAL_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("mutable_global", "ebbrt::internal::(anonymous namespace)::failed"):
        "a failed check ends the process, with all nodes that share it",
}


def without_exceptions(findings: Iterable[Finding],
                       exceptions: dict[tuple[str, str], str],
                       ) -> list[Finding]:
    """The findings that nothing excuses, and exceptions without need."""
    left = []
    used = set()
    for finding in findings:
        key = (finding.check, finding.path)
        if key in exceptions:
            used.add(key)
        else:
            left.append(finding)
    for check, path in exceptions.keys() - used:
        left.append(Finding(path, 0, check, "is an exception without need"))
    return sorted(left)
