"""Mutable globals are found in what a compiler made of them."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from tools.testing.main import main
from tools.tidy.global_checks import parse_symbols

_GLOBALS = """
#include <string>
int counted;
static int hidden_count = 3;
namespace app { std::string name; thread_local int mine = 1; }
int F() { static int calls; return ++calls + ++hidden_count; }
"""
_CONSTANTS = """
#include <string>
#include <typeinfo>
const int kOne = 1;
constexpr const char* kNames[] = {"a", "b"};
struct Base { virtual ~Base() = default; virtual int F() { return 1; } };
struct Derived : Base { int F() override { return 2; } };
int Call(Base& base) { return base.F(); }
const char* Name(int i) { return kNames[i]; }
Base* Make() { return new Derived; }
int Catch() { try { throw Derived(); } catch (Base&) { return 0; } }
"""


def _mutable(source: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.cc"
        file.write_text(source)
        subprocess.run(["g++", "-std=c++20", "-fPIC", "-c", file, "-o",
                        file.with_suffix(".o")], check=True)
        listing = subprocess.run(
            ["objdump", "--syms", "--demangle", file.with_suffix(".o")],
            check=True, capture_output=True, text=True).stdout
    return sorted(parse_symbols(listing))


class GlobalChecksTest(unittest.TestCase):

    def test_mutable_globals_are_found(self):
        found = "\n".join(_mutable(_GLOBALS))
        for name in ("counted", "hidden_count", "app::name", "app::mine",
                     "F()::calls"):
            with self.subTest(name):
                self.assertIn(name, found)

    def test_constants_are_not(self):
        self.assertEqual(_mutable(_CONSTANTS), [])


if __name__ == "__main__":
    main()
