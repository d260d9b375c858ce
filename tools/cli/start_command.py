"""`./ebbrt start`: runs one application in the foreground."""

import argparse
import select
import signal
import sys
from typing import Any

from tools.experiment import (bazel, document, metrics, nodes, targets,
                              units)
from tools.experiment.commands import application_arguments
from tools.experiment.problems import (DocumentError, Problem, quote,
                                       unknown)
from tools.experiment.processes import Process, exit_text, parse_report
from tools.experiment.table import render
from tools.qemu import accelerator, machine, nics
from tools.qemu.prefix import command_prefix

SUMMARY = "run one application in the foreground"
DESCRIPTION = """\
Builds an application and runs it until it ends or Ctrl-C asks it to stop.
`./ebbrt list` names the applications.

  ./ebbrt start hello --cores 2
  ./ebbrt start memcached --cores 2 --set port=11211
  ./ebbrt start memcached --platform baremetal --nic virtio-net \\
    --netdev user,hostfwd=tcp:127.0.0.1:11211-:11211
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("app", metavar="APP",
                        help="its name, or a Bazel label")
    parser.add_argument("--platform", metavar="P", default="linux",
                        help="one of " + ", ".join(targets.PLATFORM_FLAGS) +
                        " (linux)")
    parser.add_argument("--cores", metavar="N", type=int, default=1,
                        help="how many cores; 0 for all (1)")
    parser.add_argument("--memory", metavar="M",
                        help="memory of its machine on bare metal: MiB, or as "
                        "in 512M and 4G")
    parser.add_argument("--nic", metavar="MODEL", action="append", default=[],
                        help="a network card of its machine on bare metal: "
                        "virtio-net, e1000 or e1000e, with QEMU's properties "
                        "as in virtio-net,mq=on; may be given several times")
    parser.add_argument("--netdev", metavar="NETDEV", action="append",
                        default=[], help="what is behind the card of that "
                        "place: one of QEMU's without its id, as in "
                        "user,hostfwd=tcp:127.0.0.1:11211-:11211 (user)")
    parser.add_argument("--seed", metavar="N", type=int, default=1,
                        help="what its randomness starts from (1)")
    parser.add_argument("--network", metavar="NAME", default="",
                        help="the network implementation to use")
    parser.add_argument("--busy-poll", action="store_true",
                        help="spin for work instead of sleeping")
    parser.add_argument("--set", metavar="PATH=VALUE", action="append",
                        default=[], dest="settings",
                        help="a parameter of the application: port=11211; the "
                        "value is JSON or else plain text; may be given "
                        "several times")


def run(options: argparse.Namespace) -> int:
    if options.platform not in targets.PLATFORM_FLAGS:
        raise DocumentError([unknown("--platform", "platform",
                                     options.platform,
                                     targets.PLATFORM_FLAGS)])
    prefix = _machine(options)
    label = targets.application_label(options.app, "APP")
    node = nodes.Node(role="", app=options.app, cores=options.cores,
                      network=options.network, busy_poll=options.busy_poll,
                      parameters=_parameters(options.settings))
    program = bazel.build([label],
                          targets.PLATFORM_FLAGS[options.platform])[label]
    arguments = [argument
                 for argument in application_arguments(node, options.seed)
                 if argument != "--role="]
    return run_program([*prefix, str(program), *arguments])


def _machine(options: argparse.Namespace) -> list[str]:
    """What stands before the command of an image, checked before it is built.
    """
    if options.platform != "baremetal":
        for name, given in (("--memory", [options.memory]),
                            ("--nic", options.nic),
                            ("--netdev", options.netdev)):
            if given and given[0] is not None:
                raise DocumentError([Problem(
                    name, quote(given[0]), "none: only --platform baremetal "
                    "has a machine of its own")])
        return []
    if options.memory is not None:
        machine.parse_memory(options.memory)
    nics.arguments(options.nic, options.netdev)
    accelerator.qemu_path()
    return command_prefix(memory=options.memory, cards=options.nic,
                          behind=options.netdev)


def _parameters(settings: list[str]) -> dict[str, Any]:
    # A root of its own, so that "a.b=1" makes the object "a".
    root: dict[str, Any] = {"parameters": {}}
    for setting in settings:
        path, value = document.parse_setting(setting)
        document.set_path(root, f"parameters.{path}", value, "--set")
    return root["parameters"]


def run_program(command: list[str]) -> int:
    """Runs an application, shows what it says, and passes signals on to it."""
    process = Process(command)

    def pass_on(number: int, frame: object) -> None:
        process.send(signal.Signals(number))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    try:
        while not process.poll():
            select.select([process.output] if not process.output_ended else [],
                          [], [], 0.05)
            for line in process.read():
                _show(line)
        for line in process.close():
            _show(line)
    finally:
        process.kill()
    if process.exit_code < 0:
        print(f"ebbrt: ended by {exit_text(process.exit_code)}",
              file=sys.stderr)
        return 128 - process.exit_code
    return process.exit_code


def _show(line: bytes) -> None:
    """One line of the application, a report in words."""
    match parse_report(line):
        case {"event": "ready", **details}:
            said = ", ".join(f"{key} {value}"
                             for key, value in details.items())
            print("ready" + (f": {said}" if said else ""))
        case {"event": "progress", "fraction": fraction}:
            if sys.stderr.isatty():
                print(f"\r{fraction:4.0%}", end="\r", file=sys.stderr)
        case {"event": "metrics", "metrics": dict() as found}:
            rows = []
            for path, value in metrics.flatten(found).items():
                name, factor = units.choose(path, value)
                rows.append([name, units.text(value / factor)])
            if rows:
                print(render(["metric", "value"], rows))
        case _:
            sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()
