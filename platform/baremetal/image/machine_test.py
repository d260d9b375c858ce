"""What the machine's own code must do without (platform/baremetal/machine.bzl):
the C library, vector registers, and functions that others may have too.
"""

import re
import subprocess
import sys
import unittest

from tools.testing.main import main

# Names that are not of the C library's functions: of image.ld, and where the
# program begins, which is the machine's last jump.
_FROM_OUTSIDE = re.compile(r"_start|(image|code|data)_begin|"
                           r"(image|code|data_file)_end")
# By mangled name, and why either copy will do.
_SHARED = {
    "_ZN5ebbrt8platform7machine10ClearWordsEPvm":
        "it is one instruction, in whoever's copy",
}
_WEAK = "VWvwu"
# Saving and restoring them names memory only.
_VECTOR = re.compile(r"%([xyz]?mm|st\b|k[0-7]\b)")


def _run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.splitlines()


class MachineTest(unittest.TestCase):

    def setUp(self):
        self.archive = sys.argv[1]
        # "archive:object:address type name", without an address if undefined.
        symbols = [line.rpartition(":")[2].split()[-2:]
                   for line in _run("nm", "-A", self.archive)]
        self.assertGreater(len(symbols), 100)
        self.undefined = {name for kind, name in symbols if kind == "U"}
        self.weak = {name for kind, name in symbols if kind in _WEAK}
        self.defined = {name for kind, name in symbols
                        if kind != "U" and kind not in "vw"}

    def test_calls_nothing_of_the_c_library(self):
        self.assertEqual([name for name in self.undefined - self.defined
                          if not _FROM_OUTSIDE.fullmatch(name)], [])

    def test_shares_no_function_with_other_code(self):
        """Of two the linker takes one, perhaps that with vector registers."""
        self.assertEqual(self.weak, set(_SHARED))

    def test_uses_no_vector_register(self):
        found = []
        function = ""
        count = 0
        for line in _run("objdump", "-d", "--no-show-raw-insn", self.archive):
            if line.endswith(">:"):
                function = line
                count += 1
            elif _VECTOR.search(line):
                found.append(f"{function}{line}")
        self.assertGreater(count, 100)
        self.assertEqual(found, [])


if __name__ == "__main__":
    main()
