"""memcached under faults: two hundred histories are right, and in a copy of the
server that loses updates one that is not is found, and found again."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

from tools import paths
from tools.experiment import document, exploration, semantics
from tools.testing.main import main

HOST, HOST_THAT_LOSES_UPDATES = (Path(name).absolute()
                                 for name in sys.argv[1:3])
SEEDS = range(1, 201)
# The machine may be busy with anything else.
TIMEOUT_S = 600


class ExploreTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        config = document.load(
            paths.EXPERIMENTS / "faults" / "memcached.json")
        self.points = semantics.check(config)

    def _explore(self, host):
        search = exploration.Exploration(
            exploration.histories(self.points, SEEDS), host, self.directory,
            jobs=exploration.default_jobs(), timeout_s=TIMEOUT_S)
        return search.run(), search.totals

    def test_the_server_is_right_in_two_hundred_histories(self):
        finding, totals = self._explore(HOST)
        self.assertIsNone(finding, finding)
        self.assertEqual(totals.histories, len(SEEDS))
        # Nothing is kept of what was right.
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_finds_a_lost_update_and_replays_it_by_its_seed(self):
        finding, _ = self._explore(HOST_THAT_LOSES_UPDATES)
        self.assertIsNotNone(finding)
        print(f"found by {finding.history.label}")
        self.assertIn("ended with exit code 3",
                      "\n".join(finding.last_lines))
        self.assertIn("is not linearizable", "\n".join(finding.last_lines))
        seen = (finding.directory / exploration.LOG).read_bytes()
        again = self.directory / "again"
        why, written = exploration.replay(
            finding.history, HOST_THAT_LOSES_UPDATES, again, TIMEOUT_S)
        self.assertEqual(why, finding.why)
        self.assertEqual(written, seen)
        time_line = json.loads((again / exploration.TIME_LINE).read_text())
        events = time_line["traceEvents"]
        self.assertTrue(any(event["ph"] == "X" for event in events))
        names = {event["args"]["name"] for event in events
                 if event["name"] == "process_name"}
        self.assertIn("server", names)
        # The same history is none of the server's as it should be.
        why, _ = exploration.replay(finding.history, HOST,
                                    self.directory / "right", TIMEOUT_S)
        self.assertEqual(why, "")


if __name__ == "__main__":
    main()
