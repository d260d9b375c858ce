"""Two images on an experiment's Ethernet segment: loadgen drives memcached over
our own stack at both ends, and verifies what it reads."""

import os
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.experiment import targets
from tools.experiment.execution import Run
from tools.experiment.nodes import nodes_of
from tools.experiment.programs import Programs
from tools.testing.main import main

# On a machine that is busy otherwise, under an emulator.
_SECONDS_MAX = 200


@unittest.skipIf(os.geteuid() != 0, "a segment needs to be root")
class TwoImagesTest(unittest.TestCase):

    def test_a_client_measures_a_server(self):
        images = {("baremetal", targets.application_label(app, app)):
                  Path(path).absolute()
                  for app, path in zip(("memcached", "loadgen"), sys.argv[1:])}
        for card, cores in (("virtio-net", 2), ("e1000", 1), ("e1000e", 2)):
            with self.subTest(card=card), TemporaryDirectory() as logs:
                document = {"platform": "baremetal", "nodes": [
                    {"role": "server", "app": "memcached", "cores": cores,
                     "nic": card},
                    {"role": "client", "app": "loadgen", "nic": card,
                     "parameters": {
                         "server": "${server.endpoint}", "connections": 8,
                         "depth": 2, "mode": "closed", "verify": True,
                         "warmup_s": 0.1, "duration_s": 0.5}}]}
                outcome = Run(
                    nodes_of(document), Programs(images, {}, "tcg"),
                    logs=Path(logs), seed=7, timeout_s=_SECONDS_MAX,
                    processors=sorted(os.sched_getaffinity(0))).execute()
                self.assertEqual((outcome.status, outcome.error), ("ok", ""))
                self.assertGreater(outcome.metrics["throughput_rps"], 0)
                self.assertEqual(outcome.metrics["errors"], 0)


if __name__ == "__main__":
    main()
