"""Runs the test cases of a module, and reports each to Bazel.

Bazel asks for a report in JUnit's form at $XML_OUTPUT_FILE; without one it
would count a file as one test.
"""

import os
import sys
import time
import traceback
import unittest
import xml.etree.ElementTree as xml


class _Result(unittest.TextTestResult):
    """Keeps what became of each case."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.cases: list[xml.Element] = []
        self._begin_s = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        self._begin_s = time.monotonic()
        name = test.id().rpartition(".")
        self.cases.append(xml.Element("testcase", name=name[2],
                                      classname=name[0]))
        super().startTest(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        self.cases[-1].set("time", f"{time.monotonic() - self._begin_s:.3f}")
        super().stopTest(test)

    def _note(self, kind: str, text: str) -> None:
        xml.SubElement(self.cases[-1], kind).text = text

    def addFailure(self, test, err):
        self._note("failure", "".join(traceback.format_exception(*err)))
        super().addFailure(test, err)

    def addError(self, test, err):
        if not self.cases:  # A module or class that could not be set up.
            self.cases.append(xml.Element("testcase", name=str(test)))
        self._note("error", "".join(traceback.format_exception(*err)))
        super().addError(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._note("failure", "".join(traceback.format_exception(*err)))
        super().addSubTest(test, subtest, err)

    def addSkip(self, test, reason):
        self._note("skipped", reason)
        super().addSkip(test, reason)


def main() -> None:
    """Runs the cases of `__main__` and exits."""
    runner = unittest.TextTestRunner(resultclass=_Result, verbosity=2)
    suite = unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"])
    result = runner.run(suite)
    file = os.environ.get("XML_OUTPUT_FILE")
    if file:
        root = xml.Element("testsuite", name="unittest",
                           tests=str(result.testsRun),
                           failures=str(len(result.failures)),
                           errors=str(len(result.errors)))
        root.extend(result.cases)
        xml.ElementTree(root).write(file, encoding="utf-8",
                                    xml_declaration=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
