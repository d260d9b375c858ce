"""For tests that start applications: a port for one, and what it has reported
(core/app/application.h)."""

import json
import socket
from typing import Any


def free_port() -> int:
    """A TCP port of loopback that nobody has at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reports(output: str, event: str) -> list[dict[str, Any]]:
    """The reports of that event, in an application's output."""
    lines = [json.loads(line.removeprefix("@ebbrt "))
             for line in output.splitlines() if line.startswith("@ebbrt ")]
    return [line for line in lines if line["event"] == event]
