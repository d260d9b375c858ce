"""iperf against the stock program, iperf 2, at either end; and against itself.

What is compared is bytes, not speed, so that nothing depends on how fast it
goes.
"""

import json
import re
import signal
import subprocess
import sys
import time
import unittest

from tools.testing.applications import free_port, reports
from tools.testing.main import main

# On a machine that is busy otherwise.
_SECONDS_MAX = 100
_BYTES = 5_000_000
# By several connections at a time: so many that all of them have begun before
# one is done. The stock server (2.1.8) adds up those of a host, and when one
# comes as the last one of a sum ends, it waits for a mutex that is freed.
_OVERLAPPING_BYTES = 40 * _BYTES
# The stock server does not count the flags of a client that sets none.
_UNCOUNTED_BYTES = 4


class IperfTest(unittest.TestCase):

    def start(self, *command):
        process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def start_server(self):
        """Ours; with the port that it has."""
        process = self.start(
            sys.argv[1], "--cores=2", "--parameters=" + json.dumps(
                {"address": "127.0.0.1", "port": 0}))
        return process, reports(process.stdout.readline(), "ready")[0]["port"]

    def stop(self, server):
        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=_SECONDS_MAX)
        self.assertEqual(server.returncode, 0, output)
        return reports(output, "metrics")[0]["metrics"]

    def send(self, port, **parameters):
        """Our client: its exit code, metrics and output."""
        done = subprocess.run(
            [sys.argv[1], "--cores=2", "--parameters=" + json.dumps(
                {"mode": "client", "server": f"127.0.0.1:{port}",
                 **parameters})],
            capture_output=True, text=True, check=False, timeout=_SECONDS_MAX)
        output = done.stdout + done.stderr
        metrics = reports(output, "metrics")
        return done.returncode, metrics[0]["metrics"] if metrics else {}, output

    def iperf(self, port, *arguments):
        """The stock client's output."""
        done = subprocess.run(
            ["iperf", "-c", "127.0.0.1", "-p", str(port), *arguments],
            capture_output=True, text=True, check=False, timeout=_SECONDS_MAX)
        output = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, output)
        self.assertNotIn("failed", output)
        return output

    def test_sends_to_the_stock_server(self):
        port = free_port()
        # As they come, and not once a buffer is full.
        theirs = self.start("stdbuf", "-oL", "iperf", "-s", "-B", "127.0.0.1",
                            "-p", str(port), "-y", "C")
        for message_bytes, connections, sent_bytes in (
                (1000, 1, _BYTES), (100_000, 1, _BYTES),
                (100_000, 3, _OVERLAPPING_BYTES)):
            code, metrics, output = self.send(
                port, bytes=sent_bytes, message_bytes=message_bytes,
                connections=connections)
            self.assertEqual(code, 0, output)
            self.assertEqual(metrics["bytes"], sent_bytes)
            self.assertEqual(metrics["connections_lost"], 0)
            self.assertGreater(metrics["throughput_bps"], 0)
        # What it says of each connection: ...,number,seconds,bytes,rate.
        received = []
        while len(received) < 5:
            line = theirs.stdout.readline()
            fields = line.split(",")
            self.assertEqual(len(fields), 9, line)
            if fields[5] != "-1":  # Of several together.
                received.append(int(fields[7]) + _UNCOUNTED_BYTES)
        self.assertEqual(received[:2], [_BYTES, _BYTES])
        self.assertEqual(sum(received[2:]), _OVERLAPPING_BYTES)

    def test_receives_from_the_stock_client(self):
        server, port = self.start_server()
        self.iperf(port, "-n", str(_BYTES), "-l", "1000")
        self.iperf(port, "-n", str(_BYTES), "-P", "3")
        # One that waits for an answer, and one that goes by time.
        output = self.iperf(port, "-n", str(_BYTES), "-X")
        self.assertIn("Mbits/sec", output.replace("Gbits", "Mbits"))
        output = self.iperf(port, "-t", "0.5")
        self.assertTrue(re.search(r"\d bits/sec|[KMG]bits/sec", output), output)
        metrics = self.stop(server)
        self.assertEqual(metrics["connections"], 6)
        self.assertEqual(metrics["connections_failed"], 0)
        # Each of the three sends as many.
        self.assertGreaterEqual(metrics["bytes"], 5 * _BYTES)
        self.assertGreater(metrics["throughput_bps"], 0)

    def test_sends_to_itself(self):
        server, port = self.start_server()
        code, metrics, output = self.send(port, duration_s=0.5, connections=4)
        self.assertEqual(code, 0, output)
        self.assertGreaterEqual(metrics["duration_s"], 0.5)
        self.assertEqual(metrics["connections"], 4)
        received = self.stop(server)
        self.assertEqual(received["bytes"], metrics["bytes"])
        self.assertEqual(received["connections"], 4)

    def test_says_what_is_wrong(self):
        port = free_port()
        code, _, output = self.send(port, connect_s=0.1)
        self.assertEqual(code, 1)
        self.assertIn(f"127.0.0.1:{port}", output)
        code, _, output = self.send(port, message_bytes=0)
        self.assertEqual(code, 2)
        self.assertIn("parameters.message_bytes: found 0", output)
        # A server that goes in the middle.
        server, port = self.start_server()
        client = self.start(
            sys.argv[1], "--parameters=" + json.dumps(
                {"mode": "client", "server": f"127.0.0.1:{port}",
                 "duration_s": _SECONDS_MAX}))
        time.sleep(0.5)
        self.assertIsNone(client.poll())
        server.kill()
        output, _ = client.communicate(timeout=_SECONDS_MAX)
        self.assertEqual(client.returncode, 1, output)
        self.assertEqual(
            reports(output, "metrics")[0]["metrics"]["connections_lost"], 1)


if __name__ == "__main__":
    main()
