import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.experiment.bazel import Invocation
from tools.testing.counting import count_invocation
from tools.testing.main import main

_REPORT = """<testsuites><testsuite tests="4">
<testcase name="a" classname="S" status="run"/>
<testcase name="b" classname="S"><failure message="x"/></testcase>
<testcase name="c" classname="S" status="notrun"/>
<testcase name="d" classname="S"><skipped/></testcase>
<testcase name="e" classname="S"/>
</testsuite></testsuites>"""


def _summary(label, status):
    return {"id": {"testSummary": {"label": label}},
            "testSummary": {"overallStatus": status}}


def _completed(label, success):
    return {"id": {"targetCompleted": {"label": label}},
            "completed": {"success": True} if success else {}}


class CountTest(unittest.TestCase):

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def _result(self, label, text, attempt=1):
        file = self.directory / f"{label.rpartition(':')[2]}-{attempt}.xml"
        file.write_text(text)
        return {"id": {"testResult": {"label": label, "attempt": attempt}},
                "testResult": {"testActionOutput": [
                    {"name": "test.log", "uri": "file:///nowhere"},
                    {"name": "test.xml", "uri": f"file://{file}"}]}}

    def _count(self, *events, code=0, is_build=False):
        count = count_invocation(Invocation(code, list(events)), "suite",
                                 is_build)
        return count.passed, count.failed, count.failures

    def test_counts_cases(self):
        self.assertEqual(
            self._count(self._result("//a:t", _REPORT),
                        _summary("//a:t", "FAILED"), code=3),
            (2, 1, ["suite: //a:t S.b"]))

    def test_counts_a_test_without_a_report_as_one(self):
        self.assertEqual(
            self._count(self._result("//a:t", "<testsuites/>"),
                        _summary("//a:t", "PASSED"),
                        self._result("//a:u", "not xml"),
                        _summary("//a:u", "TIMEOUT"), code=3),
            (1, 1, ["suite: //a:u timeout"]))

    def test_believes_the_last_attempt(self):
        self.assertEqual(
            self._count(self._result("//a:t", _REPORT, attempt=1),
                        self._result("//a:t", "<testcase name='a'/>",
                                     attempt=2),
                        _summary("//a:t", "FLAKY")),
            (1, 0, []))

    def test_takes_what_was_not_built_for_failed(self):
        self.assertEqual(
            self._count(_completed("//a:a", True), _completed("//a:b", False),
                        code=1, is_build=True),
            (0, 1, ["suite: //a:b was not built"]))

    def test_leaves_out_what_is_for_another_platform(self):
        skipped = {"id": {"targetCompleted": {"label": "//a:t"}},
                   "aborted": {"reason": "SKIPPED"}}
        self.assertEqual(self._count(skipped, _summary("//a:t", "NO_STATUS")),
                         (0, 0, []))

    def test_takes_a_run_without_any_event_for_failed(self):
        self.assertEqual(
            self._count(code=37),
            (0, 1, ["suite: bazel ended with exit code 37"]))

    def test_counts_a_suite_that_only_builds_as_one(self):
        self.assertEqual(self._count(_completed("//a:a", True), is_build=True),
                         (1, 0, []))


if __name__ == "__main__":
    main()
