"""The experiments that ship are right, apart from what has to be built."""

import unittest
from pathlib import Path
from unittest import mock

from tools import paths
from tools.experiment import document, platforms, semantics, targets
from tools.testing.main import main


class ShippedExperimentsTest(unittest.TestCase):

    def test_are_right(self):
        files = paths.shipped_experiments()
        self.assertGreater(len(files), 3)
        # The applications' BUILD files are no data of this test.
        with (mock.patch.object(targets, "application_label"),
              mock.patch.object(targets, "check_label"),
              mock.patch.object(semantics, "program_path",
                                return_value=Path("/bin/true"))):
            for file in files:
                with self.subTest(file.name):
                    config = document.load(file)
                    name = file.relative_to(paths.EXPERIMENTS).with_suffix("")
                    self.assertEqual(config["name"], "-".join(name.parts))
                    self.assertTrue(config["description"])
                    platforms.settle(config)
                    self.assertTrue(semantics.check(config))


if __name__ == "__main__":
    main()
