"""`./ebbrt COMMAND`: reads the command line and calls the command."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from tools.experiment.bazel import BuildError
from tools.experiment.execution import WrongConfiguration
from tools.experiment.problems import DocumentError

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_WRONG_CONFIGURATION = 2
EXIT_INTERRUPTED = 130

# A module each, which has SUMMARY, DESCRIPTION, add_arguments and run. They are
# loaded only as needed: help must not wait for a plotting library.
_COMMANDS = {
    "run": "run_command",
    "explore": "explore_command",
    "calibrate": "calibrate_command",
    "start": "start_command",
    "gdb": "gdb_command",
    "test": "test_command",
    "fuzz": "fuzz_command",
    "validate": "validate_command",
    "report": "report_command",
    "list": "list_command",
    "doctor": "doctor_command",
}

_DESCRIPTION = """\
EbbRT builds one C++ application as its own operating system. This is its front
door: it sets the machine up, builds what is asked for, and runs it.
"""

_EPILOG = """\
first steps:
  ./ebbrt run experiments/quickstart.json     measure something, see a report
  ./ebbrt start memcached --set port=11211    a server for any stock client
  ./ebbrt test                                all tests

`./ebbrt COMMAND --help` says more of each.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./ebbrt", description=_DESCRIPTION, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND",
                                     dest="command")
    for name, module_name in _COMMANDS.items():
        module = importlib.import_module(f"tools.cli.{module_name}")
        command = commands.add_parser(
            name, help=module.SUMMARY, description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Runs one command and returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return EXIT_OK
    try:
        return options.run(options)
    except DocumentError as error:
        for problem in error.problems:
            print(f"ebbrt: {problem}", file=sys.stderr)
        return EXIT_WRONG_CONFIGURATION
    except WrongConfiguration as error:
        print(f"ebbrt: {error}", file=sys.stderr)
        return EXIT_WRONG_CONFIGURATION
    except BuildError as error:
        print(f"ebbrt: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # Who read us has gone.
        return EXIT_FAILED
    except OSError as error:
        # A full disk, a directory that may not be written: what stands there
        # already is whole (tools/experiment/results.py).
        place = f"{error.filename}: " if error.filename else ""
        print(f"ebbrt: {place}{error.strerror}; what had been written is kept",
              file=sys.stderr)
        return EXIT_FAILED
