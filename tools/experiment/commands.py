"""How a node is started: its command line, and ports of its own."""

import json
import socket
from pathlib import Path

from tools.experiment.nodes import Node
from tools.qemu.prefix import command_prefix


def command_line(node: Node, program: Path, seed: int, benchmark_file: Path,
                 accelerator: str = "auto") -> list[str]:
    """How to start a node, whose references have been filled in.

    `accelerator` is for those that boot.
    """
    command = _program_line(node, program, seed, benchmark_file)
    if not node.is_image:
        return command
    return [*command_prefix(cores=node.cores, memory=node.memory,
                            accelerator=accelerator, is_pinned=True), *command]


def _program_line(node: Node, program: Path, seed: int,
                  benchmark_file: Path) -> list[str]:
    if node.program:
        return [str(program), *node.arguments]
    if node.benchmark:
        minimum = ([f"--benchmark_min_time={node.minimum_time_s}"]
                   if node.minimum_time_s else [])
        return [str(program), f"--benchmark_filter={node.filter}",
                f"--benchmark_out={benchmark_file}",
                "--benchmark_out_format=json", *minimum]
    return [str(program), *application_arguments(node, seed)]


def application_arguments(node: Node, seed: int) -> list[str]:
    """The command line of core/app/command_line.h."""
    arguments = [f"--cores={node.cores}", f"--role={node.role}",
                 f"--seed={seed}"]
    if node.network:
        arguments.append(f"--network={node.network}")
    if node.busy_poll:
        arguments.append("--busy-poll")
    if node.is_traced:
        arguments.append("--trace")
    return [*arguments, "--parameters=" + json.dumps(node.parameters)]


def free_port() -> int:
    """A TCP port of loopback that nobody has at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections at a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
