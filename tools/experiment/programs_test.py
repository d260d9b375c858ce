"""What makes a result another one, beside its document."""

import tempfile
import unittest
from pathlib import Path

from tools.experiment import programs
from tools.experiment.nodes import Node
from tools.experiment.sweep import Point
from tools.testing.main import main


def _point(calibration, platform):
    return Point(coordinates={}, document={
        "platform": platform,
        "simulation": {"calibration": calibration,
                       "network": {"topology": "star"}},
        "nodes": [{"role": "server", "app": "memcached"}]})


class ProgramsTest(unittest.TestCase):

    def test_a_simulation_is_decided_by_its_calibration(self):
        with tempfile.NamedTemporaryFile() as file:
            name = file.name
            Path(name).write_text("one", encoding="utf-8")
            one = programs.simulation_files([_point(name, "sim")])
            self.assertEqual(one, programs.simulation_files(
                [_point(name, "sim"), _point(name, "linux")]))
            Path(name).write_text("two", encoding="utf-8")
            two = programs.simulation_files([_point(name, "sim")])
            self.assertEqual(set(one), set(two))
            self.assertNotEqual(one, two)
            self.assertEqual(
                programs.simulation_files([_point(name, "linux")]), {})
        self.assertEqual(programs.simulation_files([_point(name, "sim")]), {})

    def test_a_guest_is_decided_by_its_files(self):
        with tempfile.NamedTemporaryFile() as file:
            guest = Node(role="x", program="sh", guest=True, files=[file.name])
            one = programs.guest_files([guest])
            Path(file.name).write_text("two", encoding="utf-8")
            two = programs.guest_files([guest])
            self.assertEqual(set(one), {file.name})
            self.assertEqual(set(two), {file.name})
            self.assertNotEqual(one, two)
            process = Node(role="x", program="sh", files=[file.name])
            self.assertEqual(programs.guest_files([process]), {})


if __name__ == "__main__":
    main()
