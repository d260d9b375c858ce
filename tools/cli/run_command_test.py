"""`./ebbrt run` with real processes: results, resuming, faults."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import paths
from tools.experiment import schema
from tools.testing.main import main

_FAKE = "tools/testing/fake_app.py"


def _experiment(**changes):
    return {
        "schema": 1, "name": "fake", "repetitions": 3, "timeout_s": 30,
        "nodes": [
            {"role": "server", "program": _FAKE, "arguments": ["server"],
             "ready": "report"},
            {"role": "client", "program": _FAKE}],
        "sweep": [{"name": "server", "cases": [
            {"label": "fast", "set": {"nodes.client.arguments": [
                "client", "${server.endpoint}", "2000"]}},
            {"label": "slow", "set": {"nodes.client.arguments": [
                "client", "${server.endpoint}", "1000"]}}]}],
        "figures": [{"title": "Throughput", "type": "bar", "x": "server",
                     "y": "throughput_rps"}],
        "claims": [{"name": "fast is faster", "goal": ">= 1.5", "expression":
                    'median(throughput_rps, server="fast") / '
                    'median(throughput_rps, server="slow")'}],
        **changes,
    }


class RunTest(unittest.TestCase):

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.output = self.directory / "result"

    def _command(self, document, *options):
        file = self.directory / "experiment.json"
        file.write_text(json.dumps(document))
        return [sys.executable, str(paths.ROOT / "tools"), "run", str(file),
                f"--output={self.output}", *options]

    def _run(self, document, *options):
        return subprocess.run(
            self._command(document, *options), text=True, check=False,
            capture_output=True,
            env={**os.environ, "MPLCONFIGDIR": str(self.directory)})

    def _result(self):
        return json.loads((self.output / "result.json").read_text())

    def test_writes_a_result_and_says_what_came_out(self):
        done = self._run(_experiment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^fast +[12],\d\d\d ±\d")
        self.assertRegex(
            done.stdout, r"(?m)^claim fast is faster: [12](\.\d+)? \[[12].*, "
            r"[12].*\], goal >= 1\.5: holds$")
        self.assertIn("report.html", done.stdout)
        result = self._result()
        self.assertEqual(schema.check_result(result), [])
        self.assertEqual(len(result["runs"]), 6)
        # Repetitions are interleaved, and points of one share their seed.
        self.assertEqual([run["repetition"] for run in result["runs"]],
                         [1, 1, 2, 2, 3, 3])
        self.assertEqual(len({run["seed"] for run in result["runs"]}), 3)
        self.assertEqual(result["claims"][0]["verdict"], "holds")
        with (self.output / "result.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 6)
        self.assertEqual({row["server"] for row in rows}, {"fast", "slow"})
        self.assertGreater(float(rows[0]["latency_ns.p99"]), 1e5)
        for name in ("1-throughput.svg", "1-throughput.png"):
            self.assertGreater((self.output / "figures" / name).stat().st_size,
                               1000)

    def test_does_not_measure_again_what_is_there(self):
        self._run(_experiment(repetitions=1))
        before = self._result()["runs"]
        done = self._run(_experiment(repetitions=2))
        self.assertIn("2 points, 4 runs, of which 2 are there already",
                      done.stdout)
        self.assertEqual(self._result()["runs"][:2], before)
        self.assertEqual(len(self._result()["runs"]), 4)

    def test_goes_on_whatever_metrics_nodes_report(self):
        said = json.dumps({"event": "metrics", "metrics": {
            "latency_ns": 5, "errors": "none", "throughput_rps": [1]}})
        document = _experiment(
            sweep=[], claims=[], figures=[],
            nodes=[{"role": "task", "program": "/bin/echo",
                    "arguments": [f"@ebbrt {said}"]}])
        for repetitions in (1, 2):
            done = self._run({**document, "repetitions": repetitions})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([run["metrics"]["latency_ns"]
                              for run in self._result()["runs"]],
                             repetitions * [5])

    def test_keeps_another_result_as_it_is(self):
        self._run(_experiment(repetitions=1))
        before = self._result()
        for document, options in [(_experiment(seed=5), []),
                                  (_experiment(), ["--fresh"])]:
            done = self._run(document, *options)
            self.assertEqual(done.returncode, 2)
            self.assertIn("found another result", done.stderr)
        self.assertEqual(self._result(), before)

    def test_runs_nothing_of_a_wrong_experiment(self):
        done = self._run(_experiment(timeout=1))
        self.assertEqual(done.returncode, 2)
        self.assertIn('(the nearest is "timeout_s")', done.stderr)
        self.assertFalse(self.output.exists())

    def test_changes_settings(self):
        done = self._run(_experiment(), "--repetitions=1",
                         '--set=sweep.server.cases=[{"label": 1, "set": '
                         '{"nodes.client.arguments": ["client", '
                         '"${server.endpoint}", "10"]}}]', "--set=claims=[]")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([run["point"] for run in self._result()["runs"]],
                         [{"server": 1}])

    def test_goes_on_behind_a_failed_run_and_tries_it_again(self):
        document = _experiment(repetitions=1)
        marker = self.directory / "marker"
        document["sweep"][0]["cases"][1]["set"] = {"nodes.client": {
            "program": "/bin/sh", "arguments":
            ["-c", f"test -e {marker} || {{ echo no marker; exit 9; }}",
             "${server.endpoint}"]}}
        document["claims"] = []
        done = self._run(document)
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 of 2 runs failed", done.stderr)
        self.assertIn("no marker", done.stderr)
        self.assertEqual(sorted(run["status"]
                                for run in self._result()["runs"]),
                         ["failed", "ok"])
        marker.touch()
        done = self._run(document)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([run["status"] for run in self._result()["runs"]],
                         ["ok", "ok"])

    def test_gives_up_where_nothing_works(self):
        done = self._run(_experiment(
            repetitions=9, sweep=[], claims=[], figures=[],
            nodes=[{"role": "task", "program": _FAKE,
                    "arguments": ["fail"]}]))
        self.assertEqual(done.returncode, 1)
        self.assertIn("all of the first 3 runs failed", done.stderr)
        self.assertIn("Address already in use", done.stderr)

    def test_keeps_finished_runs_when_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self._interrupt(number)

    def _interrupt(self, number):
        self.output = self.directory / f"result-{number}"
        gate = self.directory / f"gate-{number}"
        # The first run ends; later ones wait until the gate is there.
        shell = (f"test -e {gate} && exit 0; "
                 f"test -e {gate}.first && sleep 54321; touch {gate}.first")
        document = _experiment(repetitions=2, sweep=[], claims=[], figures=[],
                               nodes=[{"role": "task", "program": "/bin/sh",
                                       "arguments": ["-c", shell]}])
        process = subprocess.Popen(self._command(document), text=True,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        deadline_s = time.monotonic() + 60
        while time.monotonic() < deadline_s:
            if (self.output / "result.json").exists() and len(
                    self._result()["runs"]) == 1:
                break
            time.sleep(0.05)
        time.sleep(0.3)  # The second run is under way.
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertIn("interrupted: 1 of 2 runs have finished and are kept",
                      said)
        self.assertEqual([run["repetition"]
                          for run in self._result()["runs"]], [1])
        self.assertEqual(subprocess.run(["pgrep", "-f", "sleep 54321"],
                                        check=False).returncode, 1)
        first = self._result()["runs"]
        gate.touch()
        done = self._run(document)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("of which 1 are there already", done.stdout)
        self.assertEqual(self._result()["runs"][:1], first)
        self.assertEqual(len(self._result()["runs"]), 2)

    def test_says_when_a_claim_does_not_hold(self):
        document = _experiment()
        document["claims"][0]["goal"] = ">= 100"
        done = self._run(document, "--require-claims")
        self.assertEqual(done.returncode, 3)
        self.assertIn("goal >= 100: missed", done.stdout)


if __name__ == "__main__":
    main()
