"""Looks through the tree and prints what is not as STYLE.md has it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.tidy.exceptions import EXCEPTIONS, without_exceptions
from tools.tidy.findings import Finding
from tools.tidy.text_checks import check_text
from tools.tidy.tree_checks import check_tree

# Not the project's own, or not text.
_SKIPPED_PREFIXES = ("third_party/", "results/")
_SKIPPED_SUFFIXES = (".svg", ".png", ".json", ".patch", ".html", ".js", ".css",
                     ".gz", "LICENSE")


def source_paths(root: Path) -> list[str]:
    """The files of the tree, those not committed yet among them."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True)
    if listing.returncode == 0:
        paths = listing.stdout.splitlines()
    else:
        # A copy without its history.
        paths = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, names in os.walk(root) for name in names]
    return sorted(path for path in paths
                  if not path.startswith((".", *_SKIPPED_PREFIXES))
                  and not path.startswith("bazel-")
                  and (root / path).is_file())


def _is_ours(path: str) -> bool:
    """Whether a file is text of ours; fuzzers' corpora are bytes."""
    return not (path.endswith(_SKIPPED_SUFFIXES) or "/corpus/" in path)


def read_texts(root: Path) -> dict[str, str]:
    """Each file's text by its path; empty for what is no text of ours."""
    texts = {}
    for path in source_paths(root):
        texts[path] = ((root / path).read_text("utf-8", errors="replace")
                       if _is_ours(path) else "")
    return texts


def check(root: Path) -> Iterator[Finding]:
    """All findings in the tree, exceptions included."""
    texts = read_texts(root)
    for path, text in texts.items():
        yield from check_text(path, text)
    yield from check_tree(texts)


def main() -> int:
    """Returns the exit code."""
    root = Path(__file__).resolve().parents[2]
    findings = without_exceptions(check(root), EXCEPTIONS)
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
