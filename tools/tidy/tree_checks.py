"""Checks of the tree: what each folder has, and documents of the root."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from tools.tidy.findings import Finding

README_LINES_MAX = 20
ARCHITECTURE_LINES_MAX = 199

# Each folder below these says what it is.
_FOLDERS_WITH_README = ("apps", "core", "docs", "experiments", "platform",
                        "tools")


# The README of the folder above says what is in these.
_EXPLAINED_ABOVE = ("tools/bazel/stand_ins",)
# And what a fuzzer starts from is plain.
_CORPUS = "corpus"


def _folders(paths: Mapping[str, str]) -> set[str]:
    return {str(PurePosixPath(path).parent) for path in paths
            if PurePosixPath(path).parts[0] in _FOLDERS_WITH_README
            and "/" in path and not path.startswith(_EXPLAINED_ABOVE)
            and _CORPUS not in PurePosixPath(path).parts}


def readmes(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Each folder has a README that fits a screen."""
    for folder in sorted(_folders(texts)):
        path = f"{folder}/README.md"
        if path not in texts:
            yield Finding(folder, 0, "readme", "has no README.md")
            continue
        lines = texts[path].count("\n")
        if lines > README_LINES_MAX:
            yield Finding(path, 0, "readme",
                          f"has {lines} lines, more than {README_LINES_MAX}")


def architecture(texts: Mapping[str, str]) -> Iterator[Finding]:
    """The architecture can be read at one go."""
    path = "ARCHITECTURE.md"
    if path not in texts:
        yield Finding(path, 0, "architecture", "is not there")
    elif (lines := texts[path].count("\n")) > ARCHITECTURE_LINES_MAX:
        yield Finding(path, 0, "architecture",
                      f"has {lines} lines, 200 or more")


def check_tree(texts: Mapping[str, str]) -> Iterator[Finding]:
    """All findings about the tree, given each file's text by its path."""
    yield from readmes(texts)
    yield from architecture(texts)
