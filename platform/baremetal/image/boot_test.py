"""The application hello by each way in which a machine starts an image."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tools.qemu.prefix import RUN_IMAGE
from tools.testing.main import main

_MULTIBOOT_MAGIC = b"\x02\xb0\xad\x1b"
# On a machine that is busy otherwise; UEFI takes a dozen.
_SECONDS_MAX = 120
# From the entry point, on one processor.
_FIRST_LINE_INSTRUCTIONS_MAX = 300_000
_WAITED_NS_MAX = 2_000_000
# How firmware moves on a terminal.
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;=?]*[A-Za-z]")


class BootTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.image = Path(sys.argv[1]).absolute()

    def _run(self, *arguments, options=()):
        """The exit code, and the console's lines."""
        done = subprocess.run(
            [RUN_IMAGE, f"--timeout={_SECONDS_MAX}", *options, self.image,
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", check=False)
        said = _ESCAPE_SEQUENCE.sub("", done.stdout)
        return done.returncode, said.splitlines()

    def _expect_greeting(self, *options, is_alone=False):
        code, lines = self._run("--cores=2", options=options)
        greeting = ["hello from core 0", "hello from core 1"]
        self.assertEqual((code, lines[-2:]), (0, greeting), lines)
        if is_alone:
            self.assertEqual(lines, greeting)

    def _expect_words(self, *options):
        # It says what it cannot make sense of.
        code, lines = self._run("--cores=2", 'two "words"', options=options)
        self.assertEqual(code, 2, lines)
        self.assertIn(r'found "two \"words\""', lines[-1])

    def _expect_module(self, *options):
        file = self.directory / "parameters"
        file.write_text("[17]")
        code, lines = self._run(f"--parameters-file={file}", options=options)
        self.assertEqual(code, 2, lines)
        self.assertIn('/module/0: found "[17]", expected a JSON object',
                      lines[-1])

    def test_multiboot(self):
        self._expect_greeting(is_alone=True)
        self._expect_words()
        self._expect_module()

    def test_pvh(self):
        content = bytearray(self.image.read_bytes())
        place = content.index(_MULTIBOOT_MAGIC)
        content[place:place + 4] = bytes(4)
        self.image = self.directory / "image"
        self.image.write_bytes(content)
        self._expect_greeting(is_alone=True)
        self._expect_words()
        self._expect_module()

    def test_ipxe_on_bios(self):
        self._expect_greeting("--boot=pxe", is_alone=True)
        self._expect_greeting("--boot=pxe", "--boot-card=e1000e",
                              is_alone=True)
        self._expect_words("--boot=pxe")
        self._expect_module("--boot=pxe")

    def test_grub_on_uefi(self):
        self._expect_greeting("--boot=uefi")
        self._expect_words("--boot=uefi")
        self._expect_module("--boot=uefi", "--boot-card=e1000e")

    def test_in_little_memory(self):
        self._expect_greeting("--memory=16M", is_alone=True)

    def test_soon_says_something(self):
        """Instructions are counted, of a named processor: no host is slow."""
        done = subprocess.run(
            [RUN_IMAGE, f"--timeout={_SECONDS_MAX}", "--icount",
             "--cpu=Haswell-noTSX", self.image], capture_output=True,
            check=False, text=True,
            env={**os.environ, "EBBRT_MACHINE_STATISTICS": "1"})
        first_line, waited = (
            int(re.search(rf'"{name}":([0-9]+)', done.stdout)[1])
            for name in ("first_line_cycles", "waited_cycles"))
        self.assertGreater(first_line, waited)
        instructions = first_line - waited
        print(f"{instructions} instructions to the first line, beside waits "
              f"of {waited} cycles", flush=True)
        self.assertLess(instructions, _FIRST_LINE_INSTRUCTIONS_MAX)
        # Each instruction takes a nanosecond; so does a cycle.
        self.assertLess(waited, _WAITED_NS_MAX)

    def test_process(self):
        done = subprocess.run([self.image], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, "^this program is its own operating "
                         "system: a boot loader starts it, or .*\n$")


if __name__ == "__main__":
    main()
