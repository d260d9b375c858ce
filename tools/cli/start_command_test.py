"""`./ebbrt start`, but for the build: what it shows, and how it ends."""

import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import paths
from tools.cli import start_command
from tools.experiment.problems import DocumentError
from tools.qemu import accelerator, tiny_guest
from tools.qemu.prefix import command_prefix
from tools.testing.main import main

_FAKE = str(paths.ROOT / "tools/testing/fake_app.py")
_PROGRAM = ("import sys; from tools.cli.start_command import run_program; "
            "sys.exit(run_program(sys.argv[1:]))")


def _start(*command):
    return subprocess.Popen([sys.executable, "-c", _PROGRAM, *command],
                            stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.STDOUT, cwd=paths.ROOT)


class StartTest(unittest.TestCase):

    def test_says_that_a_server_is_ready_and_passes_signals_on(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), _start(_FAKE, "server") as process:
                self.assertRegex(process.stdout.readline(),
                                 r"^ready: endpoint 127\.0\.0\.1:\d+, port \d+")
                process.send_signal(number)
                rest = process.stdout.read()
                if number == signal.SIGINT:
                    self.assertEqual(rest, "stopping\n")
                    self.assertEqual(process.wait(), 0)
                else:
                    self.assertEqual(rest, "ebbrt: ended by signal SIGTERM\n")
                    self.assertEqual(process.wait(), 128 + number)

    def test_shows_lines_and_metrics_and_keeps_the_exit_code(self):
        report = ('@ebbrt {"event":"metrics",'
                  '"metrics":{"latency_ns":{"p50":5000}}}')
        with _start("/bin/sh", "-c",
                    f"echo hello; echo '{report}'; exit 5") as process:
            self.assertEqual(
                process.stdout.read(),
                "hello\n"
                "metric            value\n"
                "----------------  -----\n"
                "latency p50 (µs)      5\n")
            self.assertEqual(process.wait(), 5)


@unittest.skipIf(shutil.which(accelerator.QEMU) is None, "there is no QEMU")
class StartImageTest(unittest.TestCase):

    def test_runs_an_image_as_a_program(self):
        ready = r'SAY "@ebbrt {\"event\":\"ready\",\"port\":7}\r\n"'
        with TemporaryDirectory() as directory:
            image = tiny_guest.build(Path(directory), ready, "AWAIT_STOP",
                                     'SAY "stopping"', "EXIT 6")
            with _start(*command_prefix(memory="64M"), str(image)) as process:
                self.assertEqual(process.stdout.readline(), "ready: port 7\n")
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.stdout.read(), "stopping\n")
                self.assertEqual(process.wait(), 6)


class MachineTest(unittest.TestCase):

    def test_has_cards_and_what_is_behind_them(self):
        self.assertEqual(
            command_prefix(cards=["e1000", "virtio-net,mq=on"],
                           behind=["user,restrict=on"])[-3:],
            ["--nic=e1000", "--nic=virtio-net,mq=on",
             "--netdev=user,restrict=on"])


class ParametersTest(unittest.TestCase):

    def test_makes_an_object_of_the_settings(self):
        self.assertEqual(
            start_command._parameters(["port=11211", "sla.percentile=99.9",
                                       "address=::1", "verify=true"]),
            {"port": 11211, "sla": {"percentile": 99.9}, "address": "::1",
             "verify": True})

    def test_wants_a_value(self):
        with self.assertRaises(DocumentError) as raised:
            start_command._parameters(["port"])
        self.assertEqual(str(raised.exception),
                         '--set: found "port", expected path=value')


if __name__ == "__main__":
    main()
