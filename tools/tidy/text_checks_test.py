"""Each check finds what it looks for, and lets be what is as it should."""

import unittest

from tools.testing.main import main
from tools.tidy.text_checks import LINES_MAX, check_text

_HEADER = """\
// Things: what there is.
//
// Cores: any. Blocks: no.
#ifndef EBBRT_CORE_THING_THING_H_
#define EBBRT_CORE_THING_THING_H_

#include <atomic>
#include <mutex>

#include "core/base/types.h"
#include "platform/contract.h"
#include "platform/current.h"

#endif  // EBBRT_CORE_THING_THING_H_
"""
_PATH = "core/thing/thing.h"


def _found(path: str, text: str) -> list[str]:
    return sorted({finding.check for finding in check_text(path, text)})


class TextChecksTest(unittest.TestCase):

    def test_good_files_have_no_findings(self):
        self.assertEqual(_found(_PATH, _HEADER), [])
        self.assertEqual(_found("core/thing/thing.cc", "int F();\n"), [])
        self.assertEqual(_found("core/thing/empty.cc", ""), [])

    def test_header_guard(self):
        for wrong in (_HEADER.replace("EBBRT_CORE_THING", "EBBRT_THING"),
                      _HEADER.replace("#endif  // EBBRT_CORE_THING_THING_H_",
                                      "#endif"),
                      _HEADER.replace("#ifndef EBBRT_CORE_THING_THING_H_\n",
                                      "")):
            self.assertEqual(_found(_PATH, wrong), ["header_guard"])

    def test_header_contract(self):
        self.assertEqual(_found(_PATH, _HEADER.replace("Cores: any. ", "")),
                         ["header_contract"])
        without = _HEADER[_HEADER.index("#ifndef"):]
        self.assertEqual(_found(_PATH, without), ["header_contract"])
        self.assertEqual(_found("platform/linux/thing.h", without.replace(
            "CORE_THING", "PLATFORM_LINUX")), [])

    def test_operating_system(self):
        for wrong in ("#include <unistd.h>", "#include <sys/mman.h>",
                      "#include <thread>", "#ifdef __linux__",
                      "#if defined(__linux__)", "std::thread t;",
                      "  std::mutex lock_;", "pthread_self();",
                      '#include "platform/linux/linux.h"'):
            with self.subTest(wrong):
                found = list(check_text("core/a/a.cc", wrong + "\n"))
                self.assertEqual([x.check for x in found],
                                 ["operating_system"])
                self.assertEqual(found[0].line, 1)
                self.assertEqual(_found("platform/linux/a.cc", wrong + "\n"),
                                 [])

    def test_operating_system_may_be_spoken_of(self):
        self.assertEqual(_found("core/a/a.cc", "// No std::thread.\n"), [])
        self.assertEqual(_found("core/a/a_test.cc", "std::thread t;\n"), [])

    def test_banned_words(self):
        for wrong in ("int cpu_count;", "int cpus;", "// Each shard.",
                      "int kCPU;", "int shard_;"):
            with self.subTest(wrong):
                self.assertEqual(_found("apps/a/a.cc", wrong + "\n"),
                                 ["banned_words"])
        self.assertEqual(_found("core/a/a.cc", "// Sharded, cpuid.\n"), [])
        self.assertEqual(_found("platform/linux/a.cc", "cpu_set_t s;\n"), [])

    def test_random_seed(self):
        wrong = "std::mt19937_64 random(4711);\n"
        self.assertEqual(_found("core/a/a_test.cc", wrong), ["random_seed"])
        self.assertEqual(_found("core/a/a.cc", wrong), [])
        self.assertEqual(
            _found("core/a/a_test.cc",
                   "std::mt19937_64 random(testing::Seed());\n"), [])

    def test_length(self):
        self.assertEqual(_found("apps/a/a.cc", "int a;\n" * LINES_MAX), [])
        self.assertEqual(_found("apps/a/a.cc", "int a;\n" * (LINES_MAX + 1)),
                         ["length"])

    def test_columns(self):
        self.assertEqual(_found("a/a.cc", "// " + "x " * 38 + "y\n"), [])
        self.assertEqual(_found("a/a.cc", "// " + "x " * 39 + "y\n"),
                         ["columns"])
        self.assertEqual(_found("a/a.py", "# https://" + "x" * 90 + "\n"), [])
        self.assertEqual(_found("a/a.cc", '#include "' + "x" * 90 + '"\n'), [])

    def test_blanks(self):
        for wrong in ("int a; \n", "\tint a;\n", "int a;\n\n", "int a;"):
            with self.subTest(wrong):
                self.assertEqual(_found("a/a.cc", wrong), ["blanks"])


if __name__ == "__main__":
    main()
