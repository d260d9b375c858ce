"""Looks whether a file is an image that QEMU can start, and what is in it.

Source: Multiboot Specification 0.6.96, 3.1; Xen, docs/misc/pvh (the ELF note
XEN_ELFNOTE_PHYS32_ENTRY); QEMU, hw/i386/multiboot.c.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from tools.experiment.problems import DocumentError, Problem, quote

_MULTIBOOT_MAGIC = 0x1BADB002
# The header is wholly within so much of the file.
_MULTIBOOT_BYTES = 8192
_HAS_ADDRESSES = 1 << 16
_ELF_64 = 2
_PT_NOTE = 4
_XEN_PHYS32_ENTRY = 18
_OF_TESTS = b"gtest_filter"
_EXPECTED = "a bare-metal image, as --config=baremetal builds"


def check(path: Path) -> None:
    """Raises DocumentError for what QEMU would not start."""
    found = _what_is_wrong(path)
    if found:
        raise DocumentError([Problem(str(path), found, _EXPECTED)])


def has_tests(path: Path) -> bool:
    """Whether it is a program of GoogleTest's, by the name of a flag."""
    with path.open("rb") as file, mmap.mmap(
            file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(_OF_TESTS) >= 0


def _what_is_wrong(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            begin = file.read(_MULTIBOOT_BYTES)
            if not begin.startswith(b"\x7fELF") or len(begin) < 64:
                return ("an empty file" if not begin else
                        "a file that is no ELF: it begins with "
                        + quote(begin[:8].decode("latin-1")))
            is_64 = begin[4] == _ELF_64
            flags = _multiboot_flags(begin)
            if is_64 and flags is not None and not flags & _HAS_ADDRESSES:
                return ("an ELF64 whose multiboot header has no addresses "
                        "(flag 16), which no loader takes")
            if flags is None and not (is_64 and _has_pvh_entry(file, begin)):
                return (f"a program without a multiboot header in its first "
                        f"{_MULTIBOOT_BYTES} bytes and without a PVH note, "
                        "such as one for Linux")
    except OSError as error:
        return error.strerror.lower()
    return None


def _multiboot_flags(begin: bytes) -> int | None:
    """The flags of the multiboot header, None if there is none."""
    for offset in range(0, len(begin) - 11, 4):
        magic, flags, checksum = struct.unpack_from("<III", begin, offset)
        if magic == _MULTIBOOT_MAGIC and not (
                magic + flags + checksum) % 2**32:
            return flags
    return None


def _has_pvh_entry(file, header: bytes) -> bool:
    offset, = struct.unpack_from("<Q", header, 32)
    entry_bytes, count = struct.unpack_from("<HH", header, 54)
    for index in range(count):
        file.seek(offset + index * entry_bytes)
        segment = file.read(56)
        if len(segment) < 56:
            return False
        kind, _, place, _, _, size = struct.unpack_from("<IIQQQQ", segment)
        if kind == _PT_NOTE:
            file.seek(place)
            if (b"Xen\0", _XEN_PHYS32_ENTRY) in _notes(file.read(size)):
                return True
    return False


def _notes(segment: bytes) -> Iterator[tuple[bytes, int]]:
    offset = 0
    while offset + 12 <= len(segment):
        name, described, kind = struct.unpack_from("<III", segment, offset)
        offset += 12
        yield segment[offset:offset + name], kind
        offset += -(-name // 4) * 4 + -(-described // 4) * 4
