"""netpipe against the stock program, NPtcp, at either end; and against itself.

Sizes are few and repeats fixed, so that nothing depends on how fast it goes.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tools.testing.applications import free_port, reports
from tools.testing.main import main

# On a machine that is busy otherwise.
_SECONDS_MAX = 100
_LAST_BYTES = 70_000
_SIZES = {"last_bytes": _LAST_BYTES, "perturbation_bytes": 3}
# What both programs have from 1 to 70000 bytes, with neighbours.
_SIZE_COUNT = 82


class NetpipeTest(unittest.TestCase):

    def setUp(self):
        self.program = str(Path(sys.argv[1]).absolute())
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def start(self, *command):
        process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True,
                                   cwd=self.directory.name)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def start_receiver(self, **parameters):
        """Ours; with the port that it has."""
        process = self.start(
            self.program, "--parameters=" + json.dumps(
                {"address": "127.0.0.1", "port": 0, **parameters}))
        return process, reports(process.stdout.readline(), "ready")[0]["port"]

    def stop(self, receiver):
        receiver.send_signal(signal.SIGTERM)
        output, _ = receiver.communicate(timeout=_SECONDS_MAX)
        self.assertEqual(receiver.returncode, 0, output)
        return reports(output, "metrics")[0]["metrics"]

    def transmit(self, port, **parameters):
        """Our transmitter: its exit code, metrics and output."""
        done = subprocess.run(
            [self.program, "--parameters=" + json.dumps(
                {"mode": "transmitter", "server": f"127.0.0.1:{port}",
                 "verify": True, "repeats": 5, **parameters})],
            capture_output=True, text=True, check=False, timeout=_SECONDS_MAX)
        output = done.stdout + done.stderr
        metrics = reports(output, "metrics")
        return done.returncode, metrics[0]["metrics"] if metrics else {}, output

    def nptcp(self, port, *arguments):
        """The stock transmitter's output."""
        done = subprocess.run(
            ["NPtcp", "-h", "127.0.0.1", "-P", str(port), *arguments],
            capture_output=True, text=True, check=False, timeout=_SECONDS_MAX,
            cwd=self.directory.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def check(self, metrics):
        self.assertEqual(metrics["sizes"], _SIZE_COUNT)
        self.assertEqual(metrics["wrong_messages"], 0)
        self.assertEqual(metrics["messages"], 100 + 3 * 5 * _SIZE_COUNT)
        self.assertGreater(metrics["latency_ns"], 0)
        self.assertGreater(metrics["size_64"]["latency_ns"], 0)
        self.assertGreater(metrics["throughput_bps"], 0)

    def test_transmits_to_the_stock_receiver(self):
        port = free_port()
        theirs = self.start("NPtcp", "-P", str(port), "-u", str(_LAST_BYTES))
        code, metrics, output = self.transmit(port, **_SIZES)
        self.assertEqual(code, 0, output)
        self.check(metrics)
        self.assertEqual(theirs.wait(_SECONDS_MAX), 0)

    def test_receives_from_the_stock_transmitter(self):
        receiver, port = self.start_receiver(**_SIZES)
        # One after the other, and at any number of repeats.
        for repeats in (5, 1):
            output = self.nptcp(port, "-u", str(_LAST_BYTES), "-n",
                                str(repeats))
            times = re.findall(r"(\d+) bytes +\d+ times --> .* in +[\d.]+ usec",
                               output)
            self.assertEqual(len(times), _SIZE_COUNT, output)
        metrics = self.stop(receiver)
        self.assertEqual(metrics["measurements"], 2)
        self.assertEqual(metrics["measurements_failed"], 0)
        self.assertEqual(metrics["messages"],
                         2 * 100 + 3 * 6 * _SIZE_COUNT)

    def test_sends_back_what_the_stock_transmitter_checks(self):
        receiver, port = self.start_receiver(
            first_bytes=5, last_bytes=_LAST_BYTES, perturbation_bytes=0,
            trials=1)
        output = self.nptcp(port, "-i", "-u", str(_LAST_BYTES), "-n", "5")
        self.assertGreater(output.count("Integrity check passed"), 10)
        self.assertNotIn("failed", output)
        self.assertEqual(self.stop(receiver)["measurements"], 1)

    def test_measures_against_itself(self):
        receiver, port = self.start_receiver(**_SIZES)
        code, metrics, output = self.transmit(port, **_SIZES)
        self.assertEqual(code, 0, output)
        self.check(metrics)
        # By time, as it is meant to be used.
        code, metrics, output = self.transmit(
            port, **_SIZES, repeats=0, trial_s=0.005)
        self.assertEqual(code, 0, output)
        self.assertGreaterEqual(metrics["messages"], 100 + 3 * _SIZE_COUNT)
        self.assertEqual(self.stop(receiver)["measurements"], 2)

    def test_says_what_is_wrong(self):
        receiver, port = self.start_receiver(**_SIZES)
        code, _, output = self.transmit(port, last_bytes=_LAST_BYTES * 2)
        self.assertNotEqual(code, 0)
        self.assertIn(f"127.0.0.1:{port}", output)
        self.assertEqual(self.stop(receiver)["measurements_failed"], 1)
        code, _, output = self.transmit(port, connect_s=0.1)
        self.assertEqual(code, 1)
        self.assertIn(f"127.0.0.1:{port}", output)
        code, _, output = self.transmit(port, first_bytes=0)
        self.assertEqual(code, 2)
        self.assertIn("parameters.first_bytes: found 0", output)


if __name__ == "__main__":
    main()
