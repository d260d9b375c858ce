"""The layout of an image's file: what loaders and the processor hold it to.

Source: Multiboot Specification 0.6.96, 3.1; System V ABI, program headers.
"""

import struct
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

from tools.testing.main import main

_MULTIBOOT_MAGIC = 0x1BADB002
_MULTIBOOT_BYTES = 8192
_HAS_ADDRESSES = 1 << 16
_PT_LOAD = 1
_PT_GNU_STACK = 0x6474E551
_EXECUTABLE, _WRITABLE = 1, 2
_PAGE_BYTES = 4096
# Of the smallest application, without its symbols.
_STRIPPED_BYTES_MAX = 2 * 2**20


@dataclass(frozen=True)
class _Segment:
    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    file_bytes: int
    bytes: int

    @property
    def may_be_written_and_run(self):
        return self.flags & _WRITABLE and self.flags & _EXECUTABLE


def _segments(content):
    place, = struct.unpack_from("<Q", content, 32)
    entry_bytes, count = struct.unpack_from("<HH", content, 54)
    return [_Segment(*struct.unpack_from("<IIQQQQQ", content,
                                         place + index * entry_bytes))
            for index in range(count)]


class ImageTest(unittest.TestCase):

    def setUp(self):
        self.image = Path(sys.argv[1]).absolute()
        self.content = self.image.read_bytes()
        self.segments = _segments(self.content)
        self.loaded = [segment for segment in self.segments
                       if segment.kind == _PT_LOAD]

    def test_is_linear(self):
        """Multiboot's a.out form copies the file as one block."""
        self.assertTrue(self.loaded)
        base = self.loaded[0].address
        end = base
        for segment in self.loaded:
            self.assertEqual(segment.address - segment.offset, base)
            self.assertEqual(segment.physical, segment.address)
            self.assertEqual(segment.address % _PAGE_BYTES, 0)
            self.assertGreaterEqual(segment.address, end)
            end = segment.address + segment.bytes
        # Only the last may have more in memory than in the file.
        for segment in self.loaded[:-1]:
            self.assertEqual(segment.bytes, segment.file_bytes)

    def test_says_to_multiboot_where_it_goes(self):
        headers = [place for place in range(0, _MULTIBOOT_BYTES - 31, 4)
                   if struct.unpack_from("<I", self.content, place)[0]
                   == _MULTIBOOT_MAGIC]
        self.assertEqual(len(headers), 1)
        flags, checksum, header, begin, end, end_bss, entry = \
            struct.unpack_from("<7I", self.content, headers[0] + 4)
        self.assertEqual((_MULTIBOOT_MAGIC + flags + checksum) % 2**32, 0)
        self.assertTrue(flags & _HAS_ADDRESSES)
        first, last = self.loaded[0], self.loaded[-1]
        self.assertEqual(begin, first.address)
        self.assertEqual(header - begin, headers[0])
        # Rounded up, to before the first byte of what is zero.
        self.assertIn(end - (last.address + last.file_bytes), range(16))
        self.assertLessEqual(end - begin, len(self.content))
        # It ends with a page.
        self.assertEqual(end_bss, -(-(last.address + last.bytes)
                                    // _PAGE_BYTES) * _PAGE_BYTES)
        self.assertTrue(any(
            segment.flags & _EXECUTABLE and
            0 <= entry - segment.address < segment.file_bytes
            for segment in self.loaded))

    def test_has_nothing_to_write_and_run(self):
        for segment in self.segments:
            self.assertFalse(segment.may_be_written_and_run, segment)
        self.assertIn(_PT_GNU_STACK,
                      [segment.kind for segment in self.segments])

    def test_is_small(self):
        with tempfile.TemporaryDirectory() as directory:
            stripped = Path(directory) / "stripped"
            subprocess.run(["strip", "-o", stripped, self.image], check=True)
            size = stripped.stat().st_size
            # It is an image yet.
            self.assertEqual(_segments(stripped.read_bytes()), self.segments)
        print(f"{self.image.name}: {size} bytes stripped, "
              f"{len(self.content)} with its symbols", flush=True)
        self.assertLess(size, _STRIPPED_BYTES_MAX)


if __name__ == "__main__":
    main()
