"""Each threadtest has the allocator that its name says, and no other.

Where a library does not come to the linker's notice, malloc is the C library's,
and an experiment would compare that under a wrong name.
"""

import subprocess
import sys
import unittest
from pathlib import Path

from tools.testing.main import main

# A function of each that no other has. The C library's is seen where it is
# linked statically.
_MARKS = {
    "threadtest": "_ZN5ebbrt3mem8internal12AllocateSlowEm",
    "threadtest_glibc": "_int_malloc",
    "threadtest_jemalloc": "je_arena_malloc_hard",
    "threadtest_mimalloc": "_mi_malloc_generic",
    "threadtest_tcmalloc": "tc_malloc",
}
# Core has memory of its own beside any malloc.
_OURS = _MARKS["threadtest"]


def _defined(program):
    lines = subprocess.run(["nm", program], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.splitlines()
    return {fields[2] for fields in map(str.split, lines) if len(fields) == 3}


class RivalsTest(unittest.TestCase):

    def test_each_program_has_its_own_allocator(self):
        programs = {Path(name).name: name for name in sys.argv[1:]}
        self.assertEqual(set(programs), set(_MARKS))
        for name, program in programs.items():
            with self.subTest(program=name):
                defined = _defined(program)
                shared = name == "threadtest_glibc" and "malloc" not in defined
                others = set(_MARKS.values()) - {_OURS, _MARKS[name]}
                self.assertEqual(others & defined, set())
                if not shared:
                    self.assertIn("malloc", defined)
                    self.assertIn(_MARKS[name], defined)


if __name__ == "__main__":
    main()
