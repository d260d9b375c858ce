"""memcached under faults: many histories are right, and in a program with a
planted mistake one that is not is found, and found again.

At the fidelity of flows the mistake is the server's, which loses updates; at
that of packets it is our TCP's, in what it sends again.
"""

import json
import sys
import tempfile
import unittest
from pathlib import Path

from tools import paths
from tools.experiment import document, exploration, semantics
from tools.testing.main import main

HOST, WRONG_HOST = (Path(name).absolute() for name in sys.argv[1:3])
FIDELITY = sys.argv[3]
SEEDS = range(1, 201)
# What the clients say of the mistake: that what they were told has no order, or
# that it is no reply at all.
FOUND = {"flow": "is not linearizable",
         "packet": "the server sent what is no reply|is not linearizable"}
# The machine may be busy with anything else.
TIMEOUT_S = 600


class ExploreTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        config = document.load(
            paths.EXPERIMENTS / "faults" / "memcached.json")
        document.set_path(config, "simulation.network.fidelity", FIDELITY,
                          "the test")
        self.points = semantics.check(config)

    def _explore(self, host):
        search = exploration.Exploration(
            exploration.histories(self.points, SEEDS), host, self.directory,
            jobs=exploration.default_jobs(), timeout_s=TIMEOUT_S)
        return search.run(), search.totals

    def test_is_right_in_two_hundred_histories(self):
        finding, totals = self._explore(HOST)
        self.assertIsNone(finding, finding)
        self.assertEqual(totals.histories, len(SEEDS))
        # Nothing is kept of what was right.
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_finds_a_mistake_and_replays_it_by_its_seed(self):
        finding, _ = self._explore(WRONG_HOST)
        self.assertIsNotNone(finding)
        print(f"found by {finding.history.label}")
        self.assertRegex("\n".join(finding.last_lines), FOUND[FIDELITY])
        seen = (finding.directory / exploration.LOG).read_bytes()
        again = self.directory / "again"
        why, written = exploration.replay(
            finding.history, WRONG_HOST, again, TIMEOUT_S)
        self.assertEqual(why, finding.why)
        self.assertEqual(written, seen)
        time_line = json.loads((again / exploration.TIME_LINE).read_text())
        events = time_line["traceEvents"]
        self.assertTrue(any(event["ph"] == "X" for event in events))
        names = {event["args"]["name"] for event in events
                 if event["name"] == "process_name"}
        self.assertIn("server", names)
        # The same history is right without the mistake.
        why, _ = exploration.replay(finding.history, HOST,
                                    self.directory / "right", TIMEOUT_S)
        self.assertEqual(why, "")


if __name__ == "__main__":
    main()
