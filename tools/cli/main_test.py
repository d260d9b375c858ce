"""The command line as a person meets it."""

import json
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tools import paths
from tools.testing.main import main


def _ebbrt(*arguments):
    return subprocess.run([sys.executable, str(paths.ROOT / "tools"),
                           *arguments], capture_output=True, text=True,
                          check=False)


class HelpTest(unittest.TestCase):

    def test_names_the_commands(self):
        for arguments in ((), ("--help",)):
            done = _ebbrt(*arguments)
            self.assertEqual(done.returncode, 0)
            for text in ("run an experiment", "start memcached", "./ebbrt test",
                         "say what this machine can do"):
                self.assertIn(text, done.stdout)

    def test_helps_with_each_command(self):
        for command in ("run", "explore", "calibrate", "start", "gdb", "test",
                        "fuzz", "validate", "report", "list", "doctor"):
            with self.subTest(command):
                done = _ebbrt(command, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(f"usage: ./ebbrt {command}", done.stdout)

    def test_refuses_unknown_commands_and_options(self):
        for arguments in (("rnu",), ("run", "x.json", "--repetition-count=1"),
                          ("start",)):
            self.assertEqual(_ebbrt(*arguments).returncode, 2)


class WrongArgumentsTest(unittest.TestCase):

    def _expect(self, arguments, text):
        done = _ebbrt(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(text, done.stderr)

    def test_explore_says_what_it_cannot_do(self):
        file = str(paths.EXPERIMENTS / "faults" / "memcached.json")
        for seeds in ("5", "9..3", "a..b", "1..2..3", "-1..3", "1..99999999"):
            self._expect(("explore", file, f"--seeds={seeds}"),
                         f'--seeds: found "{seeds}", expected A..B')
        self._expect(("explore", file, "--replay=x"),
                     '--replay: found "x", expected a seed')
        self._expect(("explore", file, "--seeds=1..2", "--jobs=0"),
                     "--jobs: found 0")
        self._expect(("explore", "nowhere.json", "--seeds=1..2"),
                     "nowhere.json: found no such file")
        self._expect(("explore", file, "--seeds=1..2", "--point=clients=4"),
                     '--point: found "clients=4"')
        self._expect(("explore", file, "--seeds=1..2", "--set",
                      "simulation.fualts=[]"), '(the nearest is "faults")')
        several = ('sweep=[{"path": "nodes.client.count", "name": "clients", '
                   '"values": [1, 2]}]')
        self._expect(("explore", file, "--replay=1", "--set", several),
                     '--point: found nothing, expected the point to run again')

    def test_fuzz_says_what_it_cannot_do(self):
        for option in ("runs", "jobs", "seed"):
            self._expect(("fuzz", f"--{option}=0"),
                         f"--{option}: found 0, expected 1 or more")

    def test_calibrate_says_what_it_cannot_do(self):
        file = str(paths.EXPERIMENTS / "quickstart.json")
        self._expect(("calibrate", file, "--platform=sim"),
                     '--platform: found "sim", expected one of "linux", ')
        self._expect(("calibrate", file), "--point: found nothing, expected")
        self._expect(("calibrate", file, "--point=load=most"),
                     '--point: found "load=most", expected one of')
        self._expect(("calibrate", file, "--repetitions=0"),
                     "--repetitions: found 0")

    def test_names_the_nearest(self):
        self._expect(("run", "experiments/quickstart.json",
                      "--platform=linus"), '(the nearest is "linux")')
        self._expect(("start", "x", "--platform=linus"),
                     '(the nearest is "linux")')
        self._expect(("run", str(paths.EXPERIMENTS / "quickstart.json"),
                      "--platform=linux,baremetl"),
                     '(the nearest is "baremetal")')
        self._expect(("start", "hello", "--memory=1G"),
                     "only --platform baremetal has a machine of its own")
        self._expect(("start", "hello", "--nic=e1000"),
                     "only --platform baremetal has a machine of its own")
        self._expect(("start", "hello", "--platform=baremetal", "--nic=rtl"),
                     'found "rtl"')
        self._expect(("test", "--suite=tasn"), '(the nearest is "tsan")')

    def test_wants_a_number_of_repetitions(self):
        self._expect(("run", str(paths.EXPERIMENTS / "quickstart.json"),
                      "--repetitions=0"),
                     "repetitions: found 0, expected at least 1")

    def test_wants_the_result_of_a_run(self):
        self._expect(("report", "/nonexistent"), "expected the result of a run")


class FullDiskTest(unittest.TestCase):

    def test_is_said_in_one_line(self):
        result = {
            "schema": 1, "experiment": "x", "programs": {}, "claims": [],
            "commit": {"id": "0" * 40, "dirty": False}, "runs": [],
            "machine": {"processor": "p", "cores": 1, "memory_bytes": 1,
                        "kernel": "k"},
            "config": {"schema": 1, "name": "x",
                       "nodes": [{"role": "a", "app": "hello"}]}}
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "result.json"
            file.write_text(json.dumps(result), encoding="utf-8")
            done = subprocess.run(
                [sys.executable, str(paths.ROOT / "tools"), "report",
                 directory], capture_output=True, text=True, check=False,
                preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (0, 0)))
            self.assertEqual(done.returncode, 1)
            # (The plotting library may complain of its cache before.)
            self.assertEqual(
                done.stderr.splitlines()[-1],
                "ebbrt: File too large; what had been written is kept")
            self.assertNotIn("Traceback", done.stderr)
            self.assertEqual(json.loads(file.read_text(encoding="utf-8")),
                             result)


if __name__ == "__main__":
    main()
