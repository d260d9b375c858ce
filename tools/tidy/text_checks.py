"""Checks of the text of one file.

Each check takes the path, from the root of the tree, and the lines, and
yields what it finds. CHECKS has them all.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from tools.tidy.findings import Finding

Check = Callable[[str, list[str]], Iterator[Finding]]

LINES_MAX = 400
COLUMNS_MAX = 80

_CODE = (".h", ".cc")
_WRAPPED = (".h", ".cc", ".py", ".md", ".sh")

# What only an operating system has.
_OS_HEADER = re.compile(
    r"#include <(sys|linux|net|netinet|arpa|asm)/|"
    r"#include <(unistd|pthread|fcntl|poll|signal|sched|semaphore|dlfcn|dirent"
    r"|time|thread|condition_variable|stop_token|semaphore|barrier|latch"
    r"|shared_mutex|future)(\.h)?>")
_OS_NAME = re.compile(
    r"\bpthread_|\bstd::(jthread|thread|mutex|condition_variable|async)\b")
_OS_MACRO = re.compile(r"#\s*(if|ifdef|ifndef|elif).*\b__(linux|unix|APPLE)")
# What core may include of platform.
_PLATFORM_HEADER = re.compile(
    r'#include "platform/(?!contract\.h"|current\.h")')
# The glossary's word is "core".
_BANNED_WORD = re.compile(
    r"(?<![A-Za-z])([Cc]pu|CPU|[Ss]hard)s?(?![a-z])|"
    r"(?<=[a-z])(Cpu|CPU|Shard)s?(?![a-z])")
_RANDOM = re.compile(r"\bstd::(mt19937(_64)?|random_device)\b")


def _in_folder(path: str, *folders: str) -> bool:
    return PurePosixPath(path).parts[0] in folders


def header_guard(path: str, lines: list[str]) -> Iterator[Finding]:
    """The guard is named after the path."""
    if not path.endswith(".h"):
        return
    guard = "EBBRT_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper() + "_"
    expected = [f"#ifndef {guard}", f"#define {guard}"]
    directives = [line for line in lines if line.startswith("#")]
    if directives[:2] != expected:
        yield Finding(path, 0, "header_guard", f"the guard is not {guard}")
    elif directives[-1] != f"#endif  // {guard}":
        yield Finding(path, len(lines), "header_guard",
                      f"does not end with #endif  // {guard}")


def header_contract(path: str, lines: list[str]) -> Iterator[Finding]:
    """A header of core opens with its purpose and who may call."""
    if not path.endswith(".h") or not _in_folder(path, "core"):
        return
    opening = []
    for line in lines:
        if not line.startswith("//"):
            break
        opening.append(line)
    text = "\n".join(opening)
    if not opening:
        yield Finding(path, 1, "header_contract",
                      "does not open with a sentence of purpose")
    elif "Cores: " not in text:
        yield Finding(path, 1, "header_contract",
                      'the contract does not say who may call ("Cores: ")')


def operating_system(path: str, lines: list[str]) -> Iterator[Finding]:
    """Core knows no operating system and no particular platform.

    Its tests may use threads, to stand for cores where there are none.
    """
    if (not path.endswith(_CODE) or not _in_folder(path, "core")
            or path.endswith("_test.cc")):
        return
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0]
        for pattern in (_OS_HEADER, _OS_NAME, _OS_MACRO, _PLATFORM_HEADER):
            if found := pattern.search(code):
                yield Finding(path, number, "operating_system",
                              f'"{found.group().strip()}" in core')


def banned_words(path: str, lines: list[str]) -> Iterator[Finding]:
    """One word an idea."""
    if not path.endswith(_CODE) or not _in_folder(path, "core", "apps"):
        return
    for number, line in enumerate(lines, 1):
        if found := _BANNED_WORD.search(line):
            yield Finding(path, number, "banned_words",
                          f'"{found.group()}": the word is "core"')


def random_seed(path: str, lines: list[str]) -> Iterator[Finding]:
    """A random test takes the seed that its failure prints."""
    if not path.endswith("_test.cc") or any("Seed()" in x for x in lines):
        return
    for number, line in enumerate(lines, 1):
        if _RANDOM.search(line.split("//")[0]):
            yield Finding(path, number, "random_seed",
                          "is random, but not by testing::Seed()")
            return


def length(path: str, lines: list[str]) -> Iterator[Finding]:
    """A file has one idea."""
    if path.endswith((*_CODE, ".py")) and len(lines) > LINES_MAX:
        yield Finding(path, 0, "length",
                      f"has {len(lines)} lines, more than {LINES_MAX}")


def columns(path: str, lines: list[str]) -> Iterator[Finding]:
    """Lines fit 80 columns, but for what cannot be broken."""
    if not path.endswith(_WRAPPED):
        return
    for number, line in enumerate(lines, 1):
        if len(line) <= COLUMNS_MAX:
            continue
        # An include, an address, a row of a table.
        words = line.strip(" /#*").split()
        if (line.startswith(("#include", "|")) or len(words) <= 1
                or "https://" in line or "http://" in line):
            continue
        yield Finding(path, number, "columns", f"has {len(line)} columns")


def blanks(path: str, lines: list[str]) -> Iterator[Finding]:
    """No blanks at the ends of lines, no tabs, no empty lines at the end."""
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield Finding(path, number, "blanks", "ends with blanks")
        if "\t" in line:
            yield Finding(path, number, "blanks", "has a tab")
    if lines and not lines[-1]:
        yield Finding(path, len(lines), "blanks", "ends with an empty line")


CHECKS: tuple[Check, ...] = (
    header_guard,
    header_contract,
    operating_system,
    banned_words,
    random_seed,
    length,
    columns,
    blanks,
)


def check_text(path: str, text: str) -> Iterator[Finding]:
    """All findings in one file."""
    if text and not text.endswith("\n"):
        yield Finding(path, 0, "blanks", "does not end with a line's end")
    lines = text.removesuffix("\n").split("\n") if text else []
    for check in CHECKS:
        yield from check(path, lines)
