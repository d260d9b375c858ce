"""The checks of the tree find what is missing or too long."""

import unittest

from tools.testing.main import main
from tools.tidy.exceptions import without_exceptions
from tools.tidy.findings import Finding
from tools.tidy.tree_checks import check_tree

_GOOD = {"ARCHITECTURE.md": "x\n" * 199,
         "core/a/README.md": "x\n" * 20,
         "core/a/a.cc": "",
         "third_party/b/b.cc": ""}


def _found(texts: dict[str, str]) -> list[str]:
    return [f"{x.path}: {x.check}" for x in check_tree(texts)]


class TreeChecksTest(unittest.TestCase):

    def test_a_good_tree_has_no_findings(self):
        self.assertEqual(_found(_GOOD), [])

    def test_a_folder_without_readme(self):
        self.assertEqual(_found(_GOOD | {"apps/b/b.cc": ""}),
                         ["apps/b: readme"])

    def test_a_long_readme(self):
        self.assertEqual(_found(_GOOD | {"core/a/README.md": "x\n" * 21}),
                         ["core/a/README.md: readme"])

    def test_a_long_architecture(self):
        self.assertEqual(_found(_GOOD | {"ARCHITECTURE.md": "x\n" * 200}),
                         ["ARCHITECTURE.md: architecture"])

    def test_an_exception_excuses_one_check_of_one_file(self):
        findings = [Finding("a.cc", 1, "length", ""),
                    Finding("a.cc", 2, "columns", ""),
                    Finding("b.cc", 3, "length", "")]
        left = without_exceptions(findings, {("length", "a.cc"): "reason"})
        self.assertEqual(left, [findings[1], findings[2]])

    def test_an_exception_without_need_is_a_finding(self):
        left = without_exceptions([], {("length", "a.cc"): "reason"})
        self.assertEqual([(x.path, x.check) for x in left],
                         [("a.cc", "length")])


if __name__ == "__main__":
    main()
