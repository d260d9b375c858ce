"""Programs of this machine in a Linux guest, as a person runs them."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.linux_guest.prefix import RUN_PROGRAM
from tools.qemu import accelerator
from tools.testing.main import main

# On a machine that is busy otherwise, under an emulator.
_SECONDS_MAX = 200


def _command(*words):
    return [RUN_PROGRAM, f"--timeout={_SECONDS_MAX}", *words]


@unittest.skipIf(shutil.which(accelerator.QEMU) is None, "there is no QEMU")
class RunProgramTest(unittest.TestCase):

    def test_has_arguments_environment_files_and_an_exit_code(self):
        with TemporaryDirectory() as directory:
            file = Path(directory) / "file"
            file.write_text("content")
            done = subprocess.run(
                _command("--cores=2", "--env=A=b  c", f"--file={file}", "sh",
                         "-c", 'echo "$A|$1|$(cat $2)|$(nproc)"; exit 7', "sh",
                         "d 'e'", str(file)),
                capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout),
                         (7, "b  c|d 'e'|content|2\n"), done.stderr)

    def test_has_other_programs_with_their_libraries(self):
        other = shutil.which("curl")
        done = subprocess.run(
            _command(f"--file={other}", "sh", "-c", '"$1" --version', "sh",
                     other),
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("curl "), done.stdout)

    def test_ctrl_c_is_the_programs(self):
        script = "trap 'echo stopped; exit 5' INT; echo up; while :; do :; done"
        with subprocess.Popen(_command("sh", "-c", script), text=True,
                              stdout=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.stdout.read(), "stopped\n")
            self.assertEqual(process.wait(), 5)

    def test_each_card_carries_a_connection(self):
        for card in ("virtio-net", "e1000", "e1000e"):
            with self.subTest(card):
                self._check_card(card)

    def _check_card(self, card):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        # QEMU's network knows no other address.
        command = _command(
            f"--nic={card}", "--address=10.0.2.15/24",
            f"--netdev=user,hostfwd=tcp:127.0.0.1:{port}-:7", "sh", "-c",
            "echo up; echo hello | busybox nc -l -p 7")
        with subprocess.Popen(command, text=True,
                              stdout=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            self.assertEqual(self._received(port), b"hello\n")
            self.assertEqual(process.wait(), 0)

    def _received(self, port):
        # QEMU takes a connection before the guest listens, and ends it then.
        # One that is given up would be the only one that the guest serves.
        deadline_s = time.monotonic() + _SECONDS_MAX
        while time.monotonic() < deadline_s:
            with contextlib.suppress(ConnectionError), \
                    socket.create_connection(("127.0.0.1", port),
                                             _SECONDS_MAX) as client:
                received = client.recv(100)
                if received:
                    return received
            time.sleep(0.1)
        return self.fail("nobody answers")

    def test_says_what_is_no_program(self):
        done = subprocess.run(_command("/nonexistent"), capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('PROGRAM: found "/nonexistent"', done.stderr)

    def test_says_what_is_no_file(self):
        done = subprocess.run(_command("--file=/nonexistent", "sh"),
                              capture_output=True, text=True, check=False)
        self.assertEqual(
            (done.returncode, done.stderr),
            (2, 'ebbrt: --file: found "/nonexistent", expected a file of this '
             'machine\n'))


if __name__ == "__main__":
    main()
