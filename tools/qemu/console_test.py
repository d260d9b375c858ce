import unittest

from tools.qemu.console import LAST_LINES, Console
from tools.testing.main import main

_EXIT = b'@ebbrt {"event":"exit","code":%d}\r\n'


class ConsoleTest(unittest.TestCase):

    def _take(self, *chunks):
        console = Console()
        shown = b"".join(console.take(chunk) for chunk in chunks)
        return shown + console.close(), console

    def test_gives_lines_without_carriage_returns(self):
        console = Console()
        self.assertEqual(console.take(b"a\r\nb\r\nc"), b"a\nb\n")
        self.assertEqual(console.take(b"d\r"), b"")
        self.assertEqual(console.take(b"\n"), b"cd\n")
        self.assertEqual(console.take(b"rest"), b"")
        self.assertEqual(console.close(), b"rest")

    def test_keeps_the_exit_report_for_itself(self):
        for text in (b"", b"a line\n"):
            shown, console = self._take(text + _EXIT % 3)
            self.assertEqual((shown, console.exit_code), (text, 3))

    def test_finds_an_exit_report_behind_an_unfinished_line(self):
        shown, console = self._take(b"no end" + (_EXIT % 0)[:20],
                                    (_EXIT % 0)[20:])
        self.assertEqual((shown, console.exit_code), (b"no end", 0))

    def test_has_exit_codes_of_eight_bits(self):
        self.assertEqual(self._take(_EXIT % 300)[1].exit_code, 44)
        self.assertEqual(self._take(_EXIT % -1)[1].exit_code, 255)

    def test_shows_what_is_no_exit_report(self):
        for line in (b'@ebbrt {"event":"ready"}\n', b'"event":"exit"\n',
                     b'@ebbrt {"event":"exit"\n',
                     b'@ebbrt {"event":"exit","code":"x"}\n',
                     b'@ebbrt {"event":"exit"' + b"[" * 100_000 + b"\n"):
            shown, console = self._take(line)
            self.assertEqual((shown, console.exit_code), (line, None))

    def test_remembers_the_last_lines_for_people(self):
        lines = [f"line {i}" for i in range(2 * LAST_LINES)]
        console = Console()
        console.take("\r\n".join(lines + ["", "@ebbrt {}", "be"]).encode())
        self.assertEqual(console.last_lines[-3:],
                         ["line 38", "line 39", "be"])
        self.assertLessEqual(len(console.last_lines), LAST_LINES + 1)


if __name__ == "__main__":
    main()
