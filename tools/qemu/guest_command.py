"""What a guest is told: its command line, its environment, its files.

The guest has no file system. What a host's program would read from a file it
gets as a module of the boot loader, which it sees as /module/0, /module/1 and
so on; what it would write to a file it writes to /host, one stream of bytes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.experiment.problems import DocumentError, Problem, quote

# Parameters that are longer go into a module.
PARAMETERS_CHARACTERS_MAX = 1000
HOST_FILE = "/host"

# What of the environment means something to a guest; a directory does not.
_PASSED_ON = re.compile(r"EBBRT_\w+|GTEST_(?!TMP_DIR)\w+|"
                        r"TESTBRIDGE_TEST_ONLY|TEST_(TOTAL_SHARDS|SHARD_INDEX)")
# The arguments that name a file to write, of our applications, of Google
# Benchmark and of GoogleTest. The first group stands in the guest's too.
_OUTPUT = re.compile(r"(--benchmark_out=|--trace-file=|"
                     r"--gtest_output=(?:xml|json):)(.+)")
# GoogleTest's death tests fork, which a guest cannot: of a program of tests
# those are run that are chosen, but for these.
_NOT_FOR_GUESTS = "*DeathTest*"
_FILTER = "--gtest_filter="
_TEST_OUTPUT = re.compile(r"((?:xml|json):)(.+)")


@dataclass
class GuestCommand:
    """What becomes of the arguments of an image."""

    words: list[str] = field(default_factory=list)
    # A file of the host, or what is to stand in one.
    modules: list[Path | str] = field(default_factory=list)
    host_file: Path | None = None

    def line(self) -> str:
        """The words as the boot loader passes them on."""
        return " ".join(_quoted(word) for word in self.words)


def _quoted(word: str) -> str:
    if word and not re.search(r'[\s"\\]', word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def translate(arguments: Sequence[str], environment: Mapping[str, str],
              host_file: Path | None = None, *,
              has_tests: bool = False) -> GuestCommand:
    """What the guest is told. Raises DocumentError.

    `host_file` is where on the host the guest's /host goes; an argument that
    names a file to write means the same. `has_tests` says that the image is a
    program of GoogleTest's.
    """
    command = GuestCommand(host_file=host_file)
    if arguments and arguments[0].startswith("env:"):
        raise DocumentError([Problem(
            "the first argument", quote(arguments[0]),
            "one that does not begin as a variable of the environment does")])
    words = [_argument(command, argument) for argument in arguments]
    variables = _environment(command, environment)
    if has_tests:
        # As GoogleTest has it: the flag before the variable before Bazel's.
        variables["GTEST_FILTER"] = _for_guests(
            variables.get("GTEST_FILTER") or
            variables.get("TESTBRIDGE_TEST_ONLY", ""))
    command.words = [f"env:{name}={value}"
                     for name, value in sorted(variables.items())] + words
    return command


def _for_guests(test_filter: str) -> str:
    """Patterns to choose, then behind a minus those to leave out."""
    return (test_filter + (":" if "-" in test_filter else "-")
            + _NOT_FOR_GUESTS)


def _argument(command: GuestCommand, argument: str) -> str:
    if argument.startswith(_FILTER):
        return _FILTER + _for_guests(argument.removeprefix(_FILTER))
    name, equals, value = argument.partition("=")
    if name == "--parameters-file" and equals:
        return _module(command, _readable(argument, value))
    if name == "--parameters" and len(value) > PARAMETERS_CHARACTERS_MAX:
        return _module(command, value)
    output = _OUTPUT.fullmatch(argument)
    if output is None:
        return argument
    _write_to_host(command, argument, output[2])
    return output[1] + HOST_FILE


def _readable(argument: str, name: str) -> Path:
    path = Path(name)
    try:
        path.open("rb").close()
    except OSError as error:
        raise DocumentError([Problem(argument, error.strerror.lower(),
                                     "the name of a readable file")]) from None
    return path


def _module(command: GuestCommand, content: Path | str) -> str:
    command.modules.append(content)
    return f"--parameters-file=/module/{len(command.modules) - 1}"


def _write_to_host(command: GuestCommand, argument: str, name: str) -> None:
    if command.host_file is not None:
        raise DocumentError([Problem(
            argument, f"a second file to write beside {command.host_file}",
            "one: a guest has one way out")])
    command.host_file = Path(name)


def _environment(command: GuestCommand,
                 environment: Mapping[str, str]) -> dict[str, str]:
    passed = {name: value for name, value in sorted(environment.items())
              if _PASSED_ON.fullmatch(name)}
    wanted = _TEST_OUTPUT.fullmatch(passed.get("GTEST_OUTPUT", ""))
    # Bazel's own way of asking GoogleTest for its report.
    file = wanted[2] if wanted else environment.get("XML_OUTPUT_FILE")
    if file:
        passed.pop("GTEST_OUTPUT", None)
        if command.host_file is None:
            command.host_file = Path(file)
            kind = wanted[1] if wanted else "xml:"
            passed["GTEST_OUTPUT"] = kind + HOST_FILE
    return passed
