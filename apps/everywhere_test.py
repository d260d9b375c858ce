"""The experiments of the applications that have a network, as `./ebbrt run`
runs them, on a platform and over each of its networks.

    everywhere_test.py PROGRAM... PLATFORM,...

Only points of which both ends are ours, and as short as can be: what is looked
at is that there are figures and no errors, not which figures. The programs are
what Bazel has built for the platform that this test is for.
"""

import json
import os
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from tools import paths
from tools.cli.main import main as ebbrt
from tools.experiment import bazel, metrics
from tools.testing.main import main

_PLATFORMS = sys.argv[-1].split(",")
_PROGRAMS = {f"//apps/{path.name}:{path.name}" if path.name != "sim_host"
             else "//apps:sim_host": path
             for path in (Path(text).absolute() for text in sys.argv[1:-1])}
# On a machine that is busy otherwise, under an emulator.
_RUN_SECONDS_MAX = 200


def _built(labels, flags):
    """In place of a build, which a test cannot have."""
    return {label: _PROGRAMS[label] for label in labels}


@unittest.skipIf(os.geteuid() != 0 and "linux:tap" in _PLATFORMS,
                 "a segment needs to be root")
class EverywhereTest(unittest.TestCase):

    def _run(self, name, *, without, changes):
        """The metrics of the experiment's only point by platform, as it is
        left without some choices and has the client's parameters changed."""
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        output = Path(directory.name) / "result"
        settings = {"timeout_s": _RUN_SECONDS_MAX, "exclude": without,
                    "figures": [], "claims": [], **changes}
        with (mock.patch.object(bazel, "build", _built),
              mock.patch.object(bazel, "incompatible", return_value=set()),
              mock.patch.dict(os.environ, MPLCONFIGDIR=directory.name)):
            code = ebbrt([
                "run", str(paths.EXPERIMENTS / f"{name}.json"),
                f"--platform={','.join(_PLATFORMS)}", "--repetitions=1",
                f"--output={output}",
                *(f"--set={path}={json.dumps(value)}"
                  for path, value in settings.items())])
        self.assertEqual(code, 0)
        runs = json.loads((output / "result.json").read_text())["runs"]
        found = {run["point"]["platform"]: metrics.flatten(run["metrics"])
                 for run in runs}
        self.assertEqual(len(runs), len(_PLATFORMS))
        self.assertEqual(sorted(found), sorted(_PLATFORMS))
        return found

    def _check(self, by_platform, *, positive, zero):
        for platform, found in by_platform.items():
            with self.subTest(platform):
                for metric in positive:
                    self.assertGreater(found[metric], 0, metric)
                for metric in zero:
                    self.assertEqual(found[metric], 0, metric)

    def test_memcached(self):
        self._check(
            self._run("quickstart", without=[
                {"server": "memcached-1.6 on Linux"},
                *({"load": load} for load in ("10k", "50k", "200k"))],
                changes={
                    "nodes.client.parameters.records": 500,
                    "nodes.client.parameters.verify": True,
                    "nodes.client.parameters.warmup_s": 0.05,
                    "nodes.client.parameters.duration_s": 0.2}),
            positive=("throughput_rps", "latency_ns.p50", "hits", "sets"),
            zero=("errors", "misses", "connections_lost"))

    def test_netpipe(self):
        self._check(
            self._run("netpipe", without=[{"receiver": "NPtcp on Linux"}],
                      changes={
                          "nodes.receiver.parameters.trials": 1,
                          "nodes.transmitter.parameters.repeats": 2,
                          "nodes.transmitter.parameters.trials": 1,
                          "nodes.transmitter.parameters.verify": True}),
            positive=("latency_ns", "size_1024.latency_ns",
                      "size_1048576.throughput_bps",
                      "receiver.measurements"),
            zero=("wrong_messages", "receiver.measurements_failed"))

    def test_iperf(self):
        self._check(
            self._run("iperf", without=[{"server": "iperf-2 on Linux"},
                                        {"message_bytes": 1000}],
                      changes={
                          "nodes.client.parameters.connections": 2,
                          "nodes.client.parameters.duration_s": 0.2}),
            positive=("throughput_bps", "server.bytes"),
            zero=("connections_lost",))

    def test_httpd(self):
        self._check(
            self._run("httpd", without=[
                {"page": "100 bytes"}, {"client": "ebbrt, 1 connection"},
                {"client": "wrk, 1 connection"},
                {"client": "wrk, 32 connections"}],
                changes={"nodes.client.parameters.warmup_s": 0.05,
                            "nodes.client.parameters.duration_s": 0.2}),
            positive=("throughput_rps", "latency_ns.p50", "hits",
                      "server.responses"),
            zero=("errors", "connections_lost"))


if __name__ == "__main__":
    main()
