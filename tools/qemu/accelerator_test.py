"""What is chosen, and that a probe is asked once; KVM itself is a fake here."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from tools.experiment.problems import DocumentError
from tools.qemu import accelerator, machine
from tools.testing.main import main


class KvmTest(unittest.TestCase):

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.probe = Path(directory.name) / "probe.py"
        self.count = Path(directory.name) / "count"
        for name, value in [
                ("_memory", lambda: Path(directory.name) / "a" / "kvm.json"),
                ("_boot", lambda: self.boot)]:
            self._patch(accelerator, name, value)
        self._patch(accelerator.os, "access", lambda *arguments: True)
        self._patch(accelerator.kvm_probe, "__file__", str(self.probe))
        self.boot = "first"

    def _patch(self, thing, name, value):
        patch = mock.patch.object(thing, name, value)
        patch.start()
        self.addCleanup(patch.stop)

    def _behave(self, statement):
        self.count.write_text("")
        self.probe.write_text(f"open({str(self.count)!r}, 'a').write('x')\n"
                              + statement)

    def _asked(self, times):
        found = {accelerator.kvm() for _ in range(times)}
        self.assertEqual(len(found), 1)
        return found.pop(), len(self.count.read_text())

    def test_asks_once_where_it_works(self):
        self._behave("print('ran a guest')")
        self.assertEqual(self._asked(3), ((True, "ran a guest"), 1))
        self.assertEqual(accelerator.choose("auto"), "kvm")
        self.boot = "second"
        self.assertEqual(self._asked(3)[1], 2)

    def test_asks_again_where_the_probe_is_another(self):
        self._behave("print('ran a guest')")
        self.assertTrue(self._asked(1)[0][0])
        self._behave("import sys; print('does not'); sys.exit(1)")
        self.assertEqual(self._asked(1)[0], (False, "does not"))

    def test_asks_once_where_it_hangs(self):
        self._patch(accelerator.kvm_probe, "SECONDS_MAX", 0.3)
        self._behave("import time; time.sleep(60)")
        (works, details), count = self._asked(2)
        self.assertEqual((works, count), (False, 1))
        self.assertIn("hangs", details)

    def test_asks_again_where_a_right_may_come(self):
        self._behave("import sys; print('denied'); sys.exit(1)")
        self.assertEqual(self._asked(2), ((False, "denied"), 2))
        self.assertEqual(accelerator.choose("auto"), "tcg")
        with self.assertRaises(DocumentError) as raised:
            accelerator.choose("kvm")
        self.assertEqual(
            str(raised.exception), '--accelerator: found "kvm", which does not '
            'work here (denied), expected "auto" or "tcg"')


class MachineTest(unittest.TestCase):

    def _machine(self, *arguments, **options):
        return machine.choose(arguments=arguments, accelerator_wanted="tcg",
                              **options)

    def test_has_the_cores_of_the_application(self):
        for arguments, cores in [([], 1), (["--cores=3"], 3),
                                 (["--cores=3", "--cores=2", "--cores=x"], 2)]:
            self.assertEqual(self._machine(*arguments).cores, cores)
        self.assertEqual(self._machine("--cores=3", cores=4).cores, 4)
        self.assertEqual(
            self._machine("--cores=0").cores,
            len(machine.os.sched_getaffinity(0)))

    def test_has_memory_for_its_cores(self):
        self.assertEqual(self._machine().memory_mib, 256)
        self.assertEqual(self._machine("--cores=3").memory_mib, 384)
        for text, memory_mib in [("64", 64), ("512M", 512), ("4G", 4096)]:
            self.assertEqual(self._machine(memory=text).memory_mib, memory_mib)

    def test_refuses_what_is_no_machine(self):
        for arguments, options, text in [
                ([], {"memory": "4T"}, '--memory: found "4T"'),
                ([], {"memory": "8M"}, "at least 16M"),
                ([], {"cores": -1}, "--cores: found -1"),
                (["--cores=999"], {}, "the image's --cores: found 999"),
                (["--cores=2"], {"counts_instructions": True},
                 "--icount: found 2 cores")]:
            with self.subTest(text), self.assertRaises(DocumentError) as error:
                self._machine(*arguments, **options)
            self.assertIn(text, str(error.exception))


if __name__ == "__main__":
    main()
