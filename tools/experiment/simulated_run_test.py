"""Simulated runs: what the host is given, and what becomes of its reports."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import paths
from tools.experiment import nodes, programs
from tools.experiment.execution import WrongConfiguration
from tools.experiment.simulated_run import SimulatedRun, combined
from tools.testing.main import main

# Stands for the host program: checks its document, and reports.
_HOST = """#!/usr/bin/python3
import json, sys
document = json.load(open(sys.argv[1]))
roles = {node["role"]: node for node in document["nodes"]}
assert roles["server"]["service"] and not roles["client"]["service"]
assert roles["client"]["parameters"] == {"at": "${server.endpoint}"}
assert document["seed"] == 7 and document["time_limit_s"] == 5
print("client-0: hello")
def report(**keys):
    print("@ebbrt " + json.dumps(keys))
report(event="progress", node="client-0", role="client", fraction=0.5)
for i in range(roles["client"]["count"]):
    report(event="metrics", node=f"client-{i}", role="client",
           metrics={"throughput_rps": 100 + i, "latency_ns": {"p99": 10 * i}})
report(event="metrics", node="server", role="server", metrics={"items": 3})
report(event="simulation", virtual_ns=12, turns=10**9,
       actions=10**9, history="ab")
sys.exit(int(document["nodes"][0]["cores"]) - 1)
"""


class SimulatedRunTest(unittest.TestCase):

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.host = self.directory / "host"
        self.host.write_text(_HOST)
        self.host.chmod(0o755)

    def _run(self, **server):
        self.progress = []
        document = {"platform": "sim", "nodes": [
            {"role": "server", "app": "hello", **server},
            {"role": "client", "app": "hello", "count": 3,
             "parameters": {"at": "${server.endpoint}"}}]}
        found = {("sim", programs.SIMULATION_HOST): self.host}
        return SimulatedRun(
            nodes.nodes_of(document), programs.Programs(found, {}),
            simulation={"time_limit_s": 5}, logs=self.directory / "logs",
            seed=7, timeout_s=20, on_progress=self.progress.append).execute()

    def test_gives_the_host_its_document_and_takes_its_reports(self):
        outcome = self._run()
        self.assertEqual((outcome.status, outcome.error), ("ok", ""))
        self.assertEqual(outcome.metrics["throughput_rps"], 303)
        self.assertEqual(outcome.metrics["latency_ns"], {"p99": 10})
        self.assertEqual(outcome.metrics["nodes"], 3)
        self.assertEqual(outcome.metrics["server"], {"items": 3})
        simulation = outcome.metrics["simulation"]
        self.assertEqual(simulation["virtual_ns"], 12)
        self.assertAlmostEqual(
            simulation["wall_events_per_second"] * simulation["wall_s"] / 2e9,
            1, delta=0.1)
        self.assertEqual(self.progress, [0.5])
        self.assertIn("client-0: hello", (
            self.directory / "logs" / "simulation.log").read_text())

    def test_tells_how_a_host_failed(self):
        outcome = self._run(cores=2)
        self.assertEqual(outcome.status, "failed")
        self.assertIn("ended with exit code 1", outcome.error)
        self.assertIn("client-0: hello", outcome.error)
        with self.assertRaises(WrongConfiguration):
            self._run(cores=3)

    def test_sums_counts_and_takes_the_mean_of_times(self):
        self.assertEqual(
            combined([{"errors": 1, "duration_s": 2.0, "text": "a",
                       "latency_ns": {"p50": 1}},
                      {"errors": 2, "duration_s": 4.0, "text": "b",
                       "latency_ns": {"p50": 2}}]),
            {"nodes": 2, "errors": 3, "duration_s": 3.0,
             "latency_ns": {"p50": 1.5}})

    def test_only_simulated_nodes_go_together(self):
        mixed = {"nodes": [{"role": "a", "app": "hello", "platform": "sim"},
                           {"role": "b", "app": "hello"}]}
        self.assertEqual(len(nodes.check_simulated(mixed)), 1)
        counted = {"nodes": [{"role": "a", "app": "hello", "count": 2}]}
        self.assertEqual([problem.path for problem in
                          nodes.check_simulated(counted)],
                         ["nodes[0].count"])
        counted["platform"] = "sim"
        self.assertEqual(nodes.check_simulated(counted), [])

    def test_a_relay_knows_less_than_a_simulated_link(self):
        linked = {"nodes": [{"role": "a", "app": "hello", "link": {
            "loss": 0.1, "delay_ns": 5, "mark_bytes": 3000}}]}
        self.assertEqual([problem.path for problem in
                          nodes.check_simulated(linked)],
                         ["nodes[0].link.mark_bytes"])
        linked["platform"] = "sim"
        self.assertEqual(nodes.check_simulated(linked), [])

    def test_the_host_has_all_applications(self):
        text = (paths.APPS / "BUILD.bazel").read_text()
        for folder in sorted(paths.APPS.glob("*/BUILD.bazel")):
            if "ebbrt_application(" in folder.read_text():
                name = folder.parent.name
                self.assertIn(f'"//apps/{name}:{name}_library"', text)


if __name__ == "__main__":
    main()
