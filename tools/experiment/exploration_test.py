"""Explorations, with a program of the test's in the simulation's place."""

import json
import os
import tempfile
import threading
import time
import unittest
from pathlib import Path

from tools.experiment import exploration
from tools.experiment.execution import WrongConfiguration
from tools.experiment.sweep import Point
from tools.testing.main import main

# Does what the parameter "does" has for its seed.
_HOST = """#!/usr/bin/python3
import json, os, signal, sys, time
document = json.load(open(sys.argv[1]))
seed = document["seed"]
node = document["nodes"][0]
does = node["parameters"]["does"].get(str(seed), "ends")
print(f"seed {seed} of {node['cores']} cores {does}", flush=True)
open(f"{node['parameters']['ran']}/{node['cores']}-{seed}", "w").close()
if "trace" in document:
    json.dump({"traceEvents": []}, open(document["trace"], "w"))
if does == "fails": sys.exit(1)
if does == "fails late": time.sleep(1); sys.exit(1)
if does == "hangs": sys.exit(70)
if does == "crashes": os.kill(os.getpid(), signal.SIGSEGV)
if does == "is wrong": sys.exit(2)
if does == "takes long": time.sleep(600)
print('@ebbrt {"event": "simulation", "virtual_ns": 5, "turns": 2, '
      '"actions": 1}')
"""


class ExplorationTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.found = self.directory / "found"
        self.ran = self.directory / "ran"
        self.ran.mkdir()
        self.host = self.directory / "host"
        self.host.write_text(_HOST)
        self.host.chmod(0o755)

    def _points(self, does, cores=(1,)):
        return [Point({"cores": count} if len(cores) > 1 else {}, {
            "platform": "sim",
            "nodes": [{"role": "a", "app": "hello", "cores": count,
                       "parameters": {"does": does, "ran": str(self.ran)}}],
        }) for count in cores]

    def _explore(self, does, seeds, jobs=2, timeout_s=300, cores=(1,)):
        self.search = exploration.Exploration(
            exploration.histories(self._points(does, cores), seeds), self.host,
            self.found, jobs=jobs, timeout_s=timeout_s)
        return self.search.run()

    def test_runs_all_if_none_fails(self):
        self.assertIsNone(self._explore({}, range(1, 6), cores=(1, 3)))
        self.assertEqual(len(list(self.ran.iterdir())), 10)
        totals = self.search.totals
        self.assertEqual((totals.histories, totals.virtual_ns, totals.events),
                         (10, 50, 30))
        self.assertEqual(list(self.found.iterdir()), [])

    def test_stops_at_the_first_that_fails(self):
        finding = self._explore({"4": "fails"}, range(1, 100), jobs=1)
        self.assertEqual(finding.history.label, "seed 4")
        self.assertEqual(finding.why, "exit code 1")
        self.assertEqual(finding.last_lines, ["seed 4 of 1 cores fails"])
        self.assertEqual(len(list(self.ran.iterdir())), 4)
        # What is kept is of that one, and enough to run it again.
        self.assertEqual(list(self.found.iterdir()), [finding.directory])
        document = json.loads(
            (finding.directory / exploration.DOCUMENT).read_text())
        self.assertEqual(document["seed"], 4)

    def test_the_first_is_that_of_the_order_not_of_the_clock(self):
        finding = self._explore({"1": "fails late", "2": "fails"}, range(1, 9))
        self.assertEqual(finding.history.label, "seed 1")
        self.assertEqual(list(self.found.iterdir()), [finding.directory])

    def test_says_how_it_failed(self):
        for does, why in (("hangs", "nodes that wait for ever"),
                          ("crashes", "SIGSEGV")):
            with self.subTest(does):
                self.assertIn(why, self._explore({"1": does}, [1]).why)
        self.assertIn("did not end within 0.5 s",
                      self._explore({"1": "takes long"}, [1],
                                    timeout_s=0.5).why)
        finding = self._explore({"2": "fails"}, range(1, 4), cores=(1, 2))
        self.assertEqual(finding.history.label, "seed 2, cores=1")

    def test_a_wrong_configuration_is_no_finding(self):
        with self.assertRaisesRegex(WrongConfiguration, "seed 2 of 1 cores"):
            self._explore({"2": "is wrong"}, range(1, 9))

    def test_leaves_no_process(self):
        started = time.monotonic()
        finding = self._explore({"1": "fails late", "2": "takes long"},
                                range(1, 9))
        self.assertEqual(finding.history.label, "seed 1")
        # It did not wait for the other, and has collected all.
        self.assertLess(time.monotonic() - started, 500)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        self.assertEqual(threading.active_count(), 1)

    def test_replays(self):
        history = exploration.histories(
            self._points({"7": "fails"}), [7])[0]
        why, written = exploration.replay(history, self.host, self.found, 300)
        self.assertEqual((why, written),
                         ("exit code 1", b"seed 7 of 1 cores fails\n"))
        self.assertTrue((self.found / exploration.TIME_LINE).is_file())


if __name__ == "__main__":
    main()
