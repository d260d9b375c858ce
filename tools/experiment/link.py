"""A node's link to the segment of its run, where it is worse than a cable.

A relay of ours (platform/linux/nic/relay.cc) is put before the node's card: it
delays and loses frames of the wire, each direction by the run's seed. (Linux
has netem for that, where the kernel has it; many have not.)

  card --- bridge --- TAP | relay | TAP --- bridge of the segment
"""

import contextlib
import json
import select
import time
from pathlib import Path
from typing import Any

from tools.experiment.network_namespace import NetworkNamespace, NoSegment
from tools.experiment.processes import Process, parse_report

# Bazel's name of the program.
RELAY = "//platform/linux/nic:relay"
# Of a node's link as documents have it, what the relay knows.
KEYS = ("rate_bps", "delay_ns", "loss", "duplicate", "reorder", "corrupt")
_READY_SECONDS_MAX = 20.0


def add(stack: contextlib.ExitStack, namespace: NetworkNamespace,
        relay: Path, number: int, segment: str, link: dict[str, Any],
        seed: int) -> str:
    """Makes the link of node `number`; the bridge that its card belongs to.

    Raises NoSegment.
    """
    bridge, near, far = (f"{kind}{number}" for kind in ("link", "near", "far"))
    namespace.add_bridge(bridge)
    # It would tell the node that the segment's address is right here, and what
    # the node sends would go by the relay.
    namespace.ip("link", "set", bridge, "arp", "off")
    namespace.add_tap(near, bridge)
    namespace.add_tap(far, segment)
    parameters = {"near": near, "far": far, **link}
    process = Process([*namespace.prefix, str(relay), f"--seed={seed}",
                       "--parameters=" + json.dumps(parameters)])
    stack.callback(process.close)
    stack.callback(process.kill)
    _await_ready(process)
    return bridge


def _await_ready(process: Process) -> None:
    deadline_s = time.monotonic() + _READY_SECONDS_MAX
    while time.monotonic() < deadline_s and not process.output_ended:
        select.select([process.output], [], [], deadline_s - time.monotonic())
        for line in process.read():
            if (parse_report(line) or {}).get("event") == "ready":
                return
    raise NoSegment("the relay of a link does not begin: " +
                    " ".join(process.last_lines))
