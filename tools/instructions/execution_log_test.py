import unittest

from tools.instructions.execution_log import executed
from tools.instructions.regions import Regions
from tools.testing.main import main

# main calls a region's entry, which returns; and goes on.
_LOG = """\
----------------
IN: main
0x00001000:  55                       pushq    %rbp
0x00001001:  48 b8 11 22 33 44 55 66  movabsq  $0x8877665544332211, %rax
0x00001009:  77 88
0x0000100b:  e8 f0 0f 00 00           callq    0x2000

Trace 0: 0x7f00 [0000000000000000/0000000000001000/000000b0/ff000200] main
----------------
IN: entry
0x00002000:  90                       nop
0x00002001:  c3                       retq

Trace 0: 0x7f40 [0000000000000000/0000000000002000/000000b0/ff000200] entry
Stopped execution of TB chain before 0x7f40 [0000000000002000] entry
Trace 0: 0x7f40 [0000000000000000/0000000000002000/000000b0/ff000200] entry
----------------
IN: main
0x00001010:  eb ee                    jmp      0x1000

Trace 0: 0x7f80 [0000000000000000/0000000000001010/000000b0/ff000200] main
Trace 0: 0x7f00 [0000000000000000/0000000000001000/000000b0/ff000200] main
"""


class ExecutionLogTest(unittest.TestCase):

    def test_counts_what_was_executed(self):
        blocks = list(executed(_LOG.splitlines(keepends=True)))
        self.assertEqual([(block.begin, block.instructions)
                          for block in blocks],
                         [(0x1000, 3), (0x2000, 2), (0x1010, 1), (0x1000, 3)])
        self.assertEqual(blocks[0].end, 0x1010)
        self.assertTrue(blocks[0].calls)
        self.assertTrue(blocks[1].returns)

    def test_a_new_translation_takes_the_place_of_an_old_one(self):
        log = """\
IN: main
0x00001000:  90                       nop
0x00001001:  c3                       retq

Trace 0: 0x7f00 [0/0000000000001000/0/0] main
IN: main
0x00001000:  90                       nop

Trace 0: 0x7f80 [0/0000000000001000/0/0] main
Trace 0: 0x7f00 [0/0000000000001000/0/0] main
"""
        self.assertEqual([block.instructions for block in
                          executed(log.splitlines(keepends=True))], [2, 1, 2])

    def test_what_was_never_translated_is_an_error(self):
        line = "Trace 0: 0x7f00 [0/0000000000001000/0/0] main\n"
        with self.assertRaisesRegex(ValueError, "no translation of 0x1000"):
            list(executed([line]))

    def test_a_log_that_is_cut_short_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "within a line"):
            list(executed(_LOG[:-10].splitlines(keepends=True)))


class RegionsTest(unittest.TestCase):

    def test_a_region_lasts_until_its_entry_returns(self):
        regions = Regions("outside", {0x2000: "inside"})
        for block in executed(_LOG.splitlines(keepends=True)):
            regions.add(block)
        self.assertEqual(regions.counts, {"outside": 7, "inside": 2})


if __name__ == "__main__":
    main()
