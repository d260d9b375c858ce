import unittest
from pathlib import Path

from tools.experiment.problems import DocumentError
from tools.qemu.guest_command import PARAMETERS_CHARACTERS_MAX, translate
from tools.testing.main import main


class GuestCommandTest(unittest.TestCase):

    def _error(self, *arguments, host_file=None):
        with self.assertRaises(DocumentError) as raised:
            translate(arguments, {}, host_file)
        return str(raised.exception)

    def test_quotes_words(self):
        self.assertEqual(
            translate(["plain", "two words", 'a"b', "c\\d", "", "e,f='g'"],
                      {}).line(),
            r'''plain "two words" "a\"b" "c\\d" "" e,f='g' ''' .rstrip())

    def test_passes_on_what_means_something_to_a_guest(self):
        environment = {
            "EBBRT_SEED": "7", "GTEST_FILTER": "A.*:B", "HOME": "/root",
            "TESTBRIDGE_TEST_ONLY": "A B", "TEST_TOTAL_SHARDS": "2",
            "TEST_SHARD_INDEX": "1", "TEST_TMPDIR": "/tmp",
            "GTEST_TMP_DIR": "/tmp", "MY_EBBRT_X": "1"}
        self.assertEqual(
            translate(["argument"], environment).words,
            ["env:EBBRT_SEED=7", "env:GTEST_FILTER=A.*:B",
             "env:TESTBRIDGE_TEST_ONLY=A B", "env:TEST_SHARD_INDEX=1",
             "env:TEST_TOTAL_SHARDS=2", "argument"])

    def test_leaves_death_tests_out(self):
        for environment, expected in [
                ({}, "-*DeathTest*"),
                ({"TESTBRIDGE_TEST_ONLY": "A*:B"}, "A*:B-*DeathTest*"),
                ({"GTEST_FILTER": "-C", "TESTBRIDGE_TEST_ONLY": "A"},
                 "-C:*DeathTest*")]:
            self.assertEqual(
                translate(["a"], environment, has_tests=True).words[0],
                "env:GTEST_FILTER=" + expected)
        command = translate(["--gtest_filter=A-B"], {}, has_tests=True)
        self.assertEqual(command.words[-1], "--gtest_filter=A-B:*DeathTest*")

    def test_puts_long_parameters_into_modules(self):
        short, long = ("--parameters=" + "x" * (PARAMETERS_CHARACTERS_MAX + i)
                       for i in (0, 1))
        command = translate([short, long, f"--parameters-file={__file__}"], {})
        self.assertEqual(command.words, [
            short, "--parameters-file=/module/0",
            "--parameters-file=/module/1"])
        self.assertEqual(command.modules,
                         [long.partition("=")[2], Path(__file__)])

    def test_sends_files_to_the_host(self):
        for name, guests in [
                ("--benchmark_out=f,g.json", "--benchmark_out=/host"),
                ("--trace-file=f,g.json", "--trace-file=/host"),
                ("--gtest_output=json:f,g.json", "--gtest_output=json:/host")]:
            command = translate([name, "--x"], {"XML_OUTPUT_FILE": "other"})
            self.assertEqual(command.words, [guests, "--x"])
            self.assertEqual(command.host_file, Path("f,g.json"))

    def test_asks_for_the_test_report_where_bazel_wants_it(self):
        command = translate([], {"XML_OUTPUT_FILE": "a/test.xml"})
        self.assertEqual(command.words, ["env:GTEST_OUTPUT=xml:/host"])
        self.assertEqual(command.host_file, Path("a/test.xml"))
        command = translate([], {"XML_OUTPUT_FILE": "a/test.xml",
                                 "GTEST_OUTPUT": "json:b"})
        self.assertEqual(command.words, ["env:GTEST_OUTPUT=json:/host"])
        self.assertEqual(command.host_file, Path("b"))

    def test_has_one_way_out(self):
        self.assertEqual(
            self._error("--benchmark_out=a", "--trace-file=b"),
            "--trace-file=b: found a second file to write beside a, expected "
            "one: a guest has one way out")
        self.assertIn("beside c", self._error("--trace-file=b",
                                              host_file=Path("c")))

    def test_wants_files_that_are_there(self):
        self.assertEqual(
            self._error("--parameters-file=/nonexistent"),
            "--parameters-file=/nonexistent: found no such file or directory, "
            "expected the name of a readable file")

    def test_takes_no_argument_for_a_variable(self):
        self.assertIn('found "env:A=1"', self._error("env:A=1"))


if __name__ == "__main__":
    main()
