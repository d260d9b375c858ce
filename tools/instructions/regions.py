"""Whose the instructions of a program are, by whom they were called from."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
import subprocess

from tools.instructions.execution_log import Block

_OUTSIDE = "?"
# A return that matches none of the youngest calls is not one, but a switch of
# stacks.
_CALLS_LOOKED_AT = 64


class Functions:
    """The functions of a program, by address."""

    def __init__(self, program: Path):
        listed = subprocess.run(
            ["nm", "--demangle", "--defined-only", "--numeric-sort",
             str(program)], capture_output=True, text=True, check=True)
        self._begins: list[int] = []
        self._names: list[str] = []
        for line in listed.stdout.splitlines():
            address, kind, name = line.split(" ", 2)
            if kind in "tTwWiuV":
                self._begins.append(int(address, 16))
                self._names.append(name)

    def at(self, address: int) -> str:
        found = bisect_right(self._begins, address) - 1
        return self._names[found] if found >= 0 else _OUTSIDE

    def entries(self, is_meant: Callable[[str], bool]) -> set[int]:
        """Where the functions with such names begin."""
        return {begin for begin, name in zip(self._begins, self._names)
                if is_meant(name)}


@dataclass
class Regions:
    """Counts instructions by region: that of the innermost caller that is the
    entry of one, or `outermost`."""

    outermost: str
    entries: dict[int, str]  # The region that begins with a function.
    counts: Counter[str] = field(default_factory=Counter)
    _calls: list[tuple[int, str]] = field(default_factory=list)
    _region: str = ""
    _last: Block | None = None

    def add(self, block: Block) -> str:
        """Counts what was run next; returns the region."""
        region = self._region or self.outermost
        last = self._last
        if last is not None and last.calls:
            self._calls.append((last.end, region))
        elif last is not None and last.returns:
            region = self._return_to(block.begin, region)
        self._region = self.entries.get(block.begin, region)
        self.counts[self._region] += block.instructions
        self._last = block
        return self._region

    def _return_to(self, address: int, region: str) -> str:
        for back, (end, caller) in enumerate(
                reversed(self._calls[-_CALLS_LOOKED_AT:]), 1):
            if end == address:
                del self._calls[-back:]
                return caller
        return region


def by_function(blocks: Iterable[Block], functions: Functions) -> Counter[str]:
    """The instructions of each function, without those that it called."""
    counts: Counter[int] = Counter()
    for block in blocks:
        counts[block.begin] += block.instructions
    named: Counter[str] = Counter()
    for begin, instructions in counts.items():
        named[functions.at(begin)] += instructions
    return named
