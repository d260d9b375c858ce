"""Guests of a few instructions, run as a person or Bazel runs them."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from tools.qemu import accelerator, tiny_guest
from tools.qemu.prefix import RUN_IMAGE
from tools.testing.main import main

# Bazel's own of this test is not for the guest.
_ENVIRONMENT = {"PATH": os.environ["PATH"]}
# On a machine that is busy otherwise; most need less than a second.
_SECONDS_MAX = 60


def _is_running(text):
    """Whether a process has `text` in its command line; dead ones have none."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in command.read_bytes():
                return True
        except OSError:
            pass
    return False


@unittest.skipIf(shutil.which(accelerator.QEMU) is None, "there is no QEMU")
class RunImageTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.addCleanup(self._check_nothing_is_left)

    def _check_nothing_is_left(self):
        deadline_s = time.monotonic() + 5
        while _is_running(str(self.directory)):
            self.assertLess(time.monotonic(), deadline_s, "something is left")
            time.sleep(0.05)

    def _command(self, body, options=(), arguments=(), name="guest"):
        image = tiny_guest.build(self.directory, *body, name=name)
        return [RUN_IMAGE, *options, str(image), *arguments]

    def _run(self, *body, options=(), arguments=(), environment=None, **more):
        return subprocess.run(
            self._command(body, options, arguments, **more), text=True,
            capture_output=True, check=False, timeout=_SECONDS_MAX,
            cwd=self.directory, env={**_ENVIRONMENT, **(environment or {})})

    def _start(self, *body, options=()):
        process = subprocess.Popen(
            self._command(['SAY "up\\r\\n"', *body], options), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), "up\n")
        return process

    def _expect(self, done, code, output, errors=""):
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (code, output, errors))

    def test_shows_the_console_and_has_the_exit_code(self):
        self._expect(self._run('SAY "one\\r\\ntwo\\r\\n"', "EXIT 5"), 5,
                     "one\ntwo\n")
        self._expect(self._run('SAY "no end"', "EXIT 0"), 0, "no end")

    def test_takes_the_exit_device_or_the_report_alone(self):
        self._expect(self._run('SAY "a\\n"', "EXIT_DEVICE 0"), 0, "a\n")
        self._expect(self._run("EXIT_DEVICE 7"), 7, "")
        # It then idles for ever.
        report = r'SAY "@ebbrt {\"event\":\"exit\",\"code\":9}\n"'
        self._expect(self._run(report), 9, "")

    def test_passes_arguments_and_environment_on(self):
        done = self._run(
            "SAY_COMMAND_LINE", "EXIT 0", name="a guest, named",
            arguments=["--x=1,2", "two words", 'q"q', "--cores=2"],
            environment={"EBBRT_SEED": "3"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        name, _, rest = done.stdout.partition(" ")
        self.assertTrue(name.endswith("/image"), name)
        self.assertEqual(
            rest, r'env:EBBRT_SEED=3 --x=1,2 "two words" "q\"q" --cores=2')

    def test_gives_long_parameters_as_a_module(self):
        parameters = '{"key": "' + "x" * 5000 + '"}'
        self._expect(
            self._run("SAY_MODULE", "EXIT 0",
                      arguments=["--parameters=" + parameters]), 0, parameters)
        file = self.directory / "some, file"
        file.write_text("[1]")
        self._expect(
            self._run("SAY_MODULE", "EXIT 0",
                      arguments=["--parameters-file=some, file"]), 0, "[1]")

    def test_loses_nothing_of_a_long_console(self):
        text = "".join(f"{i}\n" for i in range(40_000))
        file = self.directory / "text"
        file.write_text(text)
        command = self._command(["SAY_MODULE", "EXIT 0"],
                                arguments=[f"--parameters-file={file}"])
        # Who reads is slow at times.
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            begin = process.stdout.read(100_000)
            time.sleep(1)
            self.assertEqual((begin + process.stdout.read()).decode(), text)

    def test_writes_what_the_guest_sends_to_the_host(self):
        file = self.directory / "a,b"
        body = ['HOST "<xml/>"', "EXIT 1"]
        for options, arguments, environment in [
                (["--host-file=a,b"], [], {}),
                ([], ["--benchmark_out=a,b"], {}),
                ([], [], {"XML_OUTPUT_FILE": str(file)})]:
            with self.subTest(options + arguments):
                self._expect(self._run(*body, options=options,
                                       arguments=arguments,
                                       environment=environment), 1, "")
                self.assertEqual(file.read_text(), "<xml/>")
                file.unlink()

    def test_makes_no_file_where_the_guest_wrote_nothing(self):
        file = self.directory / "report"
        self._run("EXIT 0", environment={"XML_OUTPUT_FILE": str(file)})
        self.assertFalse(file.exists())

    def test_stops_in_good_order(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number), self._start(
                    "AWAIT_STOP", 'SAY "stopping\\r\\n"', "EXIT 4") as process:
                process.send_signal(number)
                said, errors = process.communicate(timeout=_SECONDS_MAX)
                self.assertEqual((process.returncode, said, errors),
                                 (4, "stopping\n", ""))

    def test_kills_at_the_second_signal(self):
        with self._start("HANG") as process:
            for number in (signal.SIGINT, signal.SIGTERM):
                process.send_signal(number)
                time.sleep(0.3)
            process.communicate(timeout=_SECONDS_MAX)
            self.assertEqual(process.returncode, 128 + signal.SIGTERM)

    def test_does_not_leave_qemu_behind_when_killed(self):
        with self._start("HANG") as process:
            process.kill()
            process.communicate(timeout=_SECONDS_MAX)
        self._check_nothing_is_left()

    def test_says_where_a_guest_hangs(self):
        done = self._run('SAY "about to"', "HANG",
                         options=["--timeout=2", "--cores=2"])
        self.assertEqual((done.returncode, done.stdout), (124, "about to"))
        self.assertIn("ebbrt: the guest did not end within 2 s\n"
                      "  its last output:\n      about to\n  core 0:\n",
                      done.stderr)
        self.assertRegex(done.stderr, r"core 0:\n +#0 .*hanging_function")
        self.assertIn("core 1", done.stderr)

    def test_says_where_a_guest_is_when_asked(self):
        with self._start("HANG") as process:
            process.send_signal(signal.SIGQUIT)
            _, errors = process.communicate(timeout=_SECONDS_MAX)
            self.assertEqual(process.returncode, 124)
            self.assertRegex(errors, r"#0 .*hanging_function")

    def test_hangs_before_bazel_loses_patience(self):
        begin_s = time.monotonic()
        done = self._run("HANG", environment={"TEST_TIMEOUT": "2"})
        self.assertEqual(done.returncode, 124)
        self.assertLess(time.monotonic() - begin_s, _SECONDS_MAX)

    def test_says_where_a_triple_fault_was(self):
        done = self._run('SAY "before\\n"', "TRIPLE_FAULT")
        self.assertEqual((done.returncode, done.stdout), (125, "before\n"))
        self.assertIn("reset itself, as by a triple fault", done.stderr)
        self.assertRegex(done.stderr, r"#0 .*faulting_function")

    def test_wants_an_exit_code(self):
        done = self._run('SAY "off\\n"', "POWER_OFF")
        self.assertEqual(done.returncode, 125)
        self.assertIn("stopped without an exit code (guest-shutdown)\n"
                      "  its last output:\n      off\n", done.stderr)

    def test_counts_instructions_alike_each_time(self):
        body = ["rdtsc", "push %eax", "rdtsc", "pop %ecx", "sub %ecx, %eax",
                "mov $0x501, %dx", "out %ax, %dx"]
        codes = {self._run(*body, options=["--icount"]).returncode
                 for _ in range(2)}
        self.assertEqual(codes, {2})

    def test_refuses_what_it_cannot_run(self):
        text = self.directory / "text"
        text.write_text("#!/bin/sh\n")
        image = tiny_guest.build(self.directory, "EXIT 0")
        for arguments, expected in [
                (["/bin/true"], "such as one for Linux, expected a bare-metal "
                 "image"),
                ([text], 'it begins with "#!/bin/s"'),
                (["/nonexistent"], "/nonexistent: found no such file"),
                (["--memory=x", image], '--memory: found "x"'),
                (["--cpu=nonsense", image], "unable to find CPU model"),
                (["--timeout=0", image], "--timeout: found 0"),
                (["--boot=pxe", image, "a  b"], "no two spaces in a row"),
                (["--nonsense", image], "unrecognized arguments")]:
            with self.subTest(arguments):
                done = subprocess.run(
                    [RUN_IMAGE, *arguments], text=True, capture_output=True,
                    check=False, timeout=_SECONDS_MAX)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(expected, done.stderr)

    def test_says_that_there_is_no_qemu(self):
        done = self._run("EXIT 0", environment={"PATH": "/nonexistent"})
        self._expect(done, 2, "", "ebbrt: qemu-system-x86_64: found nothing of "
                     "that name on the PATH, expected QEMU: apt-get install "
                     "qemu-system-x86\n")


if __name__ == "__main__":
    main()
