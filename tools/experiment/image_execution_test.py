"""Runs of nodes that boot: guests of a few instructions stand for images."""

import os
import shutil
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.experiment import targets
from tools.experiment.execution import Run
from tools.experiment.nodes import nodes_of
from tools.experiment.programs import Programs
from tools.qemu import accelerator, tiny_guest
from tools.testing.main import main

_REPORT = (r'SAY "@ebbrt {\"event\":\"%s\"%s}\r\n"')


@unittest.skipIf(shutil.which(accelerator.QEMU) is None, "there is no QEMU")
class ImageExecutionTest(unittest.TestCase):

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def _run(self, bodies, nodes, timeout_s=30):
        apps = {"server": "hello", "task": "threadtest"}
        found = {}
        for role, body in bodies.items():
            label = targets.application_label(apps[role], role)
            found["baremetal", label] = tiny_guest.build(
                self.directory, *body, name=role)
        document = {"platform": "baremetal", "nodes": [
            {"role": role, "app": apps[role], **keys}
            for role, keys in nodes.items()]}
        return Run(nodes_of(document), Programs(found, {}, "tcg"),
                   logs=self.directory / "logs", seed=7, timeout_s=timeout_s,
                   processors=sorted(os.sched_getaffinity(0))).execute()

    @unittest.skipIf(os.geteuid() != 0, "their segment needs to be root")
    def test_runs_a_task_against_a_service(self):
        ready = _REPORT % ("ready", r',\"endpoint\":\"here\"')
        metrics = _REPORT % ("metrics", r',\"metrics\":{\"errors\":0}')
        outcome = self._run(
            {"server": [ready, "AWAIT_STOP", "EXIT 0"],
             "task": ["SAY_COMMAND_LINE", r'SAY "\n"', metrics, "EXIT 0"]},
            {"server": {}, "task": {
                "memory": 128, "cores": 2,
                "parameters": {"at": "${server.endpoint}"}}})
        self.assertEqual((outcome.status, outcome.error), ("ok", ""))
        self.assertEqual(outcome.metrics, {"errors": 0})
        task = outcome.nodes["task"]
        self.assertEqual((task["accelerator"], task["guest_processor"]),
                         ("tcg", "max"))
        self.assertGreater(task["resident_bytes_max"], 2**24)
        # They are two machines, on a segment.
        self.assertIn(r'--cores=2 --role=task --seed=7 "--parameters='
                      r'{\"at\": \"here\", \"network\": {\"address\": \"',
                      (self.directory / "logs" / "task.log").read_text())

    def test_says_where_an_image_hangs(self):
        outcome = self._run({"task": ['SAY "well\\n"', "HANG"]},
                            {"task": {}}, timeout_s=3)
        self.assertEqual(outcome.status, "failed")
        self.assertIn("task (threadtest) did not end within 3 s",
                      outcome.error)
        self.assertRegex(outcome.error, r"core 0:\n +#0 .*hanging_function")

    def test_tells_of_an_image_that_resets_itself(self):
        outcome = self._run({"task": ["TRIPLE_FAULT"]}, {"task": {}})
        self.assertIn("ended with exit code 125", outcome.error)
        self.assertIn("triple fault", outcome.error)


if __name__ == "__main__":
    main()
