"""The tree is as STYLE.md has it, as far as a program can tell."""

import sys
import unittest
from pathlib import Path

from tools.testing.main import main
from tools.tidy.exceptions import (EXCEPTIONS, GLOBAL_EXCEPTIONS,
                                   without_exceptions)
from tools.tidy.global_checks import check_globals
from tools.tidy.main import check

# The tree itself, to which Bazel's copy of this file is a link.
_ROOT = Path(__file__).resolve().parents[2]
# What Bazel has built of core and apps; it names them as arguments.
_ARCHIVES = [Path(name) for name in sys.argv[1:] if name.endswith(".a")]


class TidyTest(unittest.TestCase):

    def test_sources(self):
        left = without_exceptions(check(_ROOT), EXCEPTIONS)
        self.assertEqual([], [str(finding) for finding in left])

    def test_mutable_globals(self):
        self.assertTrue(_ARCHIVES)
        left = without_exceptions(check_globals(_ARCHIVES), GLOBAL_EXCEPTIONS)
        self.assertEqual([], [str(finding) for finding in left])


if __name__ == "__main__":
    main()
