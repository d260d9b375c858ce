"""What an image reports when it does what must not be done."""

import subprocess
import sys
import unittest
from pathlib import Path

from tools.qemu.prefix import RUN_IMAGE
from tools.testing.main import main

_SECONDS_MAX = 60


class CrashTest(unittest.TestCase):

    def _commit(self, deed):
        """The exit code, and what was said."""
        done = subprocess.run(
            [RUN_IMAGE, f"--timeout={_SECONDS_MAX}",
             Path(sys.argv[1]).absolute(), deed],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        return done.returncode, done.stdout

    def _expect_crash(self, deed, code, reason, function):
        got, said = self._commit(deed)
        self.assertEqual(got, code, said)
        self.assertRegex(said, rf"\*\*\* crash: {reason}, on core 0 \(")
        self.assertEqual(said.count("*** crash"), 1, said)
        self.assertRegex(said, rf"#\d+ 0x[0-9a-f]{{16}} .*{function}.* at "
                         r"crash_guest\.cc:\d+\n")
        return said

    def test_a_null_pointer(self):
        said = self._expect_crash("null", 139, "page fault", "WriteToNull")
        self.assertIn("writing 0x4)", said)
        self.assertRegex(said, r"rip=0x[0-9a-f]{16} rsp=0x[0-9a-f]{16}")

    def test_constants_are_not_writable(self):
        self._expect_crash("constant", 139, "page fault", "WriteToConstant")

    def test_data_is_not_executable(self):
        code, said = self._commit("data")
        self.assertEqual(code, 139, said)
        self.assertRegex(said, r"\*\*\* crash: page fault, .*executing 0x")
        self.assertIn("EventLoop::RunOnStack", said)

    def test_a_stack_that_overflows(self):
        self._expect_crash("stack", 139, "stack overflow", "Recurse")

    def test_a_failed_check(self):
        said = self._expect_crash("check", 134, "aborted", "FailCheck")
        self.assertRegex(said, r"crash_guest\.cc:\d+: check failed: Opaque")

    def test_an_exception_that_nobody_catches(self):
        code, said = self._commit("exception")
        self.assertEqual(code, 134, said)
        self.assertIn("what():  nobody catches it", said)
        self.assertIn("*** crash: aborted, on core 0", said)

    def test_what_the_core_did_last(self):
        said = self._expect_crash("much", 139, "page fault", "WriteToNull")
        report, last = said.split("the last that core 0 did")
        self.assertIn("backtrace:", report)
        self.assertRegex(last, r"said crash_guest\.moment \(0x[0-9a-f]+\) 42\n")

    def test_memory_that_is_used_up_is_refused(self):
        code, said = self._commit("memory")
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"^refused after 2\d\d MiB\n$")


if __name__ == "__main__":
    main()
