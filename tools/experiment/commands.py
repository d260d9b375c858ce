"""How a node is started: its command line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.experiment.nodes import Node
from tools.experiment.segment import Place
from tools.linux_guest.prefix import RUN_PROGRAM
from tools.qemu.prefix import RUN_IMAGE, command_prefix


def command_line(node: Node, program: Path, place: Place, seed: int,
                 benchmark_file: Path, accelerator: str = "auto") -> list[str]:
    """How to start a node, whose references have been filled in.

    `accelerator` is for those that boot.
    """
    command = _program_line(node, program, place, seed, benchmark_file)
    if node.has_machine:
        machine = command_prefix(RUN_PROGRAM if node.guest else RUN_IMAGE,
                                 cores=node.cores, memory=node.memory,
                                 accelerator=accelerator, is_pinned=True,
                                 cards=place.cards, behind=place.behind)
        if node.guest:
            machine += [f"--env={name}={value}"
                        for name, value in node.environment.items()]
            machine += [f"--file={file}" for file in node.files]
            if place.network:
                machine.append(f"--address={place.network['address']}")
        command = [*machine, *command]
    return [*place.prefix, *command]


def _program_line(node: Node, program: Path, place: Place, seed: int,
                  benchmark_file: Path) -> list[str]:
    if node.program:
        return [str(program), *node.arguments]
    if node.benchmark:
        minimum = ([f"--benchmark_min_time={node.minimum_time_s}"]
                   if node.minimum_time_s else [])
        return [str(program), f"--benchmark_filter={node.filter}",
                f"--benchmark_out={benchmark_file}",
                "--benchmark_out_format=json", *minimum]
    return [str(program), *application_arguments(node, seed, place.network)]


def application_arguments(node: Node, seed: int,
                          network: Mapping[str, Any] | None = None
                          ) -> list[str]:
    """The command line of core/app/command_line.h. Of the network's options,
    those that the node itself has come first."""
    parameters = node.parameters
    if network:
        parameters = {**parameters, "network": {
            **network, **parameters.get("network", {})}}
    arguments = [f"--cores={node.cores}", f"--role={node.role}",
                 f"--seed={seed}"]
    if node.network:
        arguments.append(f"--network={node.network}")
    if node.busy_poll:
        arguments.append("--busy-poll")
    if node.is_traced:
        arguments.append("--trace")
    return [*arguments, "--parameters=" + json.dumps(parameters)]
