"""Reads what QEMU logs with `-d in_asm,exec,nochain`: what was executed.

QEMU runs a guest in blocks of straight code. It prints a block's instructions
when it translates it, and a line each time that it runs it:

    IN: function
    0x00200000:  48 89 e5                 movq     %rsp, %rbp
    0x00200003:  e8 f8 00 00 00           callq    0x200100

    Trace 0: 0x7f0000000100 [0000000000000000/0000000000200000/.../...] name

So a guest's instructions are counted exactly, and by function, without a change
to it. Source: QEMU 7.2, accel/tcg/cpu-exec.c, disas.c.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

OPTIONS = "in_asm,exec,nochain"

# Bytes of instructions that are longer stand on lines of their own.
_INSTRUCTION = re.compile(
    r"0x([0-9a-f]+):  ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: +(\S+))?")


@dataclass(frozen=True)
class Block:
    """Straight code, as QEMU runs it."""

    begin: int
    end: int  # Where what follows it in memory begins.
    instructions: int
    last: str  # The mnemonic of the last one.

    @property
    def calls(self) -> bool:
        return self.last.startswith("call")

    @property
    def returns(self) -> bool:
        return self.last.startswith("ret")


def executed(log: Iterable[str]) -> Iterator[Block]:
    """The blocks that were run, in their order.

    A block that was translated before the log began is an error (ValueError).
    """
    newest: dict[int, Block] = {}  # By where they begin.
    known: dict[str, Block] = {}  # By where their translation stands.
    waiting: Block | None = None
    lines = iter(log)
    for line in lines:
        if not line.endswith("\n"):
            raise ValueError("the log ends within a line: is the disk full?")
        if line.startswith("Trace "):
            if waiting is not None:
                yield waiting
            _, _, place, where, *_ = line.split(" ", 4)
            waiting = known.get(place)
            begin = int(where.split("/")[1], 16)
            if waiting is None or waiting.begin != begin or begin in newest:
                waiting = newest.pop(begin, None) or waiting
                if waiting is None or waiting.begin != begin:
                    raise ValueError(f"no translation of {begin:#x} in the log")
                known[place] = waiting
        elif line.startswith("Stopped execution"):
            waiting = None  # It was entered, but for an interrupt.
        elif line.startswith("IN:"):
            block = _read_block(lines)
            newest[block.begin] = block
    if waiting is not None:
        yield waiting


def _read_block(lines: Iterator[str]) -> Block:
    begin = end = instructions = 0
    last = ""
    for line in lines:
        found = _INSTRUCTION.match(line)
        if found is None:
            break
        address = int(found[1], 16)
        begin = begin or address
        end = address + len(found[2].split())
        if found[3] is not None:
            instructions += 1
            last = found[3]
    return Block(begin, end, instructions, last)
