"""Runs of real processes, and what is said when they go wrong."""

import os
import socket
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import paths
from tools.experiment import targets
from tools.experiment.execution import Run, WrongConfiguration
from tools.experiment.nodes import nodes_of
from tools.experiment.processes import parse_report
from tools.experiment.programs import Programs
from tools.testing.main import main

_FAKE = "tools/testing/fake_app.py"
_SERVER = {"role": "server", "program": _FAKE, "arguments": ["server"],
           "ready": "report"}
_CLIENT = {"role": "client", "program": _FAKE,
           "arguments": ["client", "${server.endpoint}"]}


# Names the processes of this run, which may have another beside it. It is a
# time to sleep, too.
_MARK = f"43210.{os.getpid()}"
# For a machine that is busy otherwise.
_SECONDS_MAX = 60


def _is_running(text):
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text in command.read_bytes().decode().split("\0"):
                return True
        except OSError:
            pass
    return False


class ExecutionTest(unittest.TestCase):

    def _check_is_gone(self, text):
        # The kernel ends what was killed in its own time.
        deadline_s = time.monotonic() + _SECONDS_MAX
        while _is_running(text):
            self.assertLess(time.monotonic(), deadline_s, "still running")
            time.sleep(0.05)

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.logs = Path(directory.name)
        self.progress = []

    def _run(self, *nodes, timeout_s=_SECONDS_MAX):
        programs = Programs(
            {("", node["program"]): Path(node["program"])
             if node["program"].startswith("/")
             else paths.ROOT / node["program"] for node in nodes}, {})
        run = Run(nodes_of({"nodes": list(nodes)}), programs, logs=self.logs,
                  seed=7, timeout_s=timeout_s,
                  processors=sorted(os.sched_getaffinity(0)),
                  on_progress=self.progress.append)
        return run.execute()

    def test_runs_a_client_against_a_server(self):
        outcome = self._run(_SERVER, _CLIENT)
        self.assertEqual((outcome.status, outcome.error), ("ok", ""))
        self.assertAlmostEqual(outcome.metrics["throughput_rps"], 1000,
                               delta=20)
        self.assertEqual(outcome.metrics["latency_ns"].keys(), {"p50", "p99"})
        self.assertEqual(self.progress, [0.5])
        self.assertEqual(outcome.nodes["server"]["exit_code"], 0)
        self.assertGreater(outcome.nodes["client"]["resident_bytes_max"], 2**20)
        self.assertIn("stopping", (self.logs / "server.log").read_text())

    def test_names_the_metrics_of_several_tasks_after_their_roles(self):
        outcome = self._run(_SERVER, _CLIENT, {**_CLIENT, "role": "other"})
        self.assertEqual(set(outcome.metrics), {"client", "other"})

    def test_gives_own_references(self):
        outcome = self._run({
            "role": "task", "program": "/bin/echo", "cores": 3,
            "arguments": ["${cores} ${seed}", "${port}"]})
        self.assertEqual(outcome.status, "ok")
        cores, seed, port = (self.logs / "task.log").read_text().split()
        self.assertEqual((cores, seed), ("3", "7"))
        self.assertGreater(int(port), 1023)

    def test_waits_for_a_port(self):
        server = {"role": "server", "program": "/usr/bin/python3",
                  "arguments": ["-m", "http.server", "-b", "127.0.0.1",
                                "${port}"], "ready": "tcp"}
        outcome = self._run(server, _CLIENT)
        self.assertEqual((outcome.status, outcome.error), ("ok", ""))

    def test_tells_of_a_failure_with_the_last_output(self):
        outcome = self._run({"role": "task", "program": _FAKE,
                             "arguments": ["fail"]})
        self.assertEqual(outcome.status, "failed")
        self.assertEqual(
            outcome.error, f"task ({_FAKE}) ended with exit code 3; its last "
            "output:\n    bind: Address already in use")

    def test_ends_all_where_an_application_refuses_its_parameters(self):
        # Of a foreign program the same exit code means what it likes.
        outcome = self._run({"role": "task", "program": _FAKE,
                             "arguments": ["--unknown"]})
        self.assertEqual(outcome.status, "failed")
        node = {"role": "task", "app": "hello"}
        label = targets.application_label("hello", "task")
        run = Run(nodes_of({"nodes": [node]}),
                  Programs({("linux", label): paths.ROOT / _FAKE}, {}),
                  logs=self.logs, seed=7, timeout_s=20,
                  processors=sorted(os.sched_getaffinity(0)))
        with self.assertRaisesRegex(
                WrongConfiguration,
                "exit code 2; its last output:\n    .*usage: fake_app"):
            run.execute()

    def test_tells_of_a_server_that_was_never_ready(self):
        outcome = self._run({**_SERVER, "arguments": ["fail"]}, _CLIENT)
        self.assertIn("ended before it was ready, with exit code 3",
                      outcome.error)

    def test_tells_of_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            outcome = self._run({
                "role": "task", "program": "/usr/bin/python3", "arguments":
                ["-m", "http.server", "-b", "127.0.0.1", str(port)]})
        self.assertEqual(outcome.status, "failed")
        self.assertIn("Address already in use", outcome.error)

    def test_stops_at_the_time_out(self):
        begin_s = time.monotonic()
        outcome = self._run({
            "role": "task", "program": "/bin/sh",
            "arguments": ["-c", f"echo about to hang; sleep {_MARK}"],
        }, timeout_s=2)
        self.assertLess(time.monotonic() - begin_s, _SECONDS_MAX)
        self.assertEqual(
            outcome.error, "task (/bin/sh) did not end within 2 s "
            "(timeout_s); its last output:\n    about to hang")
        self._check_is_gone(_MARK)

    def test_tells_of_a_server_that_does_not_stop(self):
        outcome = self._run({**_SERVER, "arguments": ["stubborn", _MARK]}, {
            "role": "task", "program": "/bin/echo",
            "arguments": ["${server.endpoint}"]})
        self.assertIn("did not stop within 5 s of SIGINT", outcome.error)
        self._check_is_gone(_MARK)

    def test_tells_of_a_server_that_dies(self):
        outcome = self._run(
            {"role": "server", "program": "/bin/sh", "lifetime": "service",
             "arguments": ["-c", "kill -SEGV $$"]},
            {"role": "task", "program": "/bin/sleep", "arguments": ["5"]})
        self.assertIn("ended while it was needed, with signal SIGSEGV",
                      outcome.error)

    def test_tells_of_a_reference_to_nothing(self):
        outcome = self._run(_SERVER, {**_CLIENT, "arguments":
                                      ["client", "${server.endpiont}"]})
        self.assertEqual(
            outcome.error, "client: refers to ${server.endpiont}, but server "
            "was ready with address, endpoint, port")

    def test_leaves_nothing_that_a_node_started(self):
        outcome = self._run({
            "role": "task", "program": "/bin/sh",
            "arguments": ["-c", f"sleep {_MARK} & sleep {_MARK}"]}, timeout_s=1)
        self.assertEqual(outcome.status, "failed")
        self._check_is_gone(_MARK)


class ParseReportTest(unittest.TestCase):

    def test_takes_reports_only(self):
        self.assertEqual(parse_report(b'@ebbrt {"event":"ready","a":1}'),
                         {"event": "ready", "a": 1})
        for line in (b"", b"hello", b"@ebbrt", b"@ebbrt {", b"@ebbrt []",
                     b'@ebbrt {"a":1}', b"@ebbrt \xff", b"@ebbrt " +
                     b"[" * 100_000):
            self.assertIsNone(parse_report(line))


if __name__ == "__main__":
    main()
