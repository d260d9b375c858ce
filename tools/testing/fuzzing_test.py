import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.testing import fuzzing
from tools.testing.main import main

_PROGRAM = """#!/bin/sh
echo "$@" >arguments
ls corpus >seen
echo x >corpus/reached
echo "stat::number_of_executed_units: 7"
eval "exit $(cat exit_code)"
"""


class FuzzingTest(unittest.TestCase):

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.program = self.directory / "built"
        self.program.write_text(_PROGRAM)
        self.program.chmod(0o755)
        seeds = Path(f"{self.program}.runfiles") / "ebbrt" / "a" / "corpus"
        (seeds / "deep").mkdir(parents=True)
        (seeds / "one").write_text("1")
        (seeds / "deep" / "two").write_text("2")

    def _run(self, exit_code):
        own = fuzzing.prepare("//a/b:c_fuzzer", self.program,
                              self.directory / "out")
        (own / "exit_code").write_text(str(exit_code))
        # What is built meanwhile changes nothing.
        self.program.write_text("#!/bin/sh\nexit 1\n")
        outcome = fuzzing.run(own, runs=5, seed=3)
        self.program.write_text(_PROGRAM)
        return own, outcome

    def test_begins_with_what_ships_and_what_was_reached(self):
        own, outcome = self._run(0)
        self.assertEqual((outcome.name, outcome.executions, outcome.found,
                          outcome.stopped), ("a.b.c_fuzzer", 7, False, False))
        self.assertEqual((own / "seen").read_text().split(), ["one", "two"])
        arguments = (own / "arguments").read_text().split()
        self.assertEqual(arguments[:2] + arguments[-1:],
                         ["-runs=5", "-seed=3", "corpus"])
        self._run(0)
        self.assertEqual((own / "seen").read_text().split(),
                         ["one", "reached", "two"])

    def test_tells_of_a_finding(self):
        own, outcome = self._run(77)
        self.assertTrue(outcome.found)
        self.assertEqual(outcome.directory, own)
        self.assertIn("executed_units", (own / fuzzing.LOG).read_text())

    def test_tells_a_finding_from_one_that_was_stopped(self):
        # Interrupted, as libFuzzer has it; killed, as a shell's number.
        for exit_code in ("72", "$(kill -9 $$)"):
            _, outcome = self._run(exit_code)
            self.assertEqual((outcome.found, outcome.stopped), (False, True))


if __name__ == "__main__":
    main()
