"""The suites that `./ebbrt test` consists of."""

from dataclasses import dataclass

# What knows no operating system, and is built for every platform.
_CORE = ("//core/...",)
_PORTABLE = (*_CORE, "//platform:all", "//apps/...")
# The processes that sanitizers watch.
_NATIVE = ("//core/...", "//platform/...", "//apps/...")
# What the thread sanitizer watches. (Under it a connection's memory cannot be
# measured, as the kernel network's tests do.) Protocols as such are a core's.
_SHARED = ("//core/...", "-//core/net/dhcp/...", "-//core/net/dns/...",
           "-//core/net/tcp/...", "-//core/net/wire/...", "//platform:all",
           "//platform/linux:all", "//apps/memcached:connection_test",
           "//apps/memcached:store_test")
# What may differ with the number of cores of the machine.
_BY_CORES = ("//core/...", "//platform:all")
# Tests that mean something on Linux only; see tools/bazel/ebbrt.bzl.
_ANYWHERE = "--test_tag_filters=-linux,-benchmark"


def _in_qemu(cores: int) -> tuple[str, ...]:
    # The tests of memory want more of it than an application does.
    return ("--config=baremetal", _ANYWHERE, "--build_tests_only",
            f"--run_under=//tools/qemu:run --cores={cores} --memory=1G")


@dataclass(frozen=True)
class Suite:
    """One run of Bazel."""

    name: str
    purpose: str
    command: str  # "test" or "build".
    flags: tuple[str, ...]
    targets: tuple[str, ...]


SUITES = (
    Suite("linux", "everything, as a Linux process", "test", (), ("//...",)),
    Suite("sim", "core and applications in virtual time, in many orders",
          "test", ("--config=sim", _ANYWHERE, "--build_tests_only"),
          (*_PORTABLE, "//platform/sim/...")),
    Suite("sim_faults", "the same with early and late waits", "test",
          ("--config=sim_faults", _ANYWHERE, "--build_tests_only"), _PORTABLE),
    # Tests have at most four cores, so that four run all of them.
    Suite("baremetal", "core and applications as images, in QEMU on 4 cores",
          "test", _in_qemu(4), (*_PORTABLE, "//platform/baremetal:all",
                                "//platform/baremetal/devices:all")),
    Suite("baremetal_2", "core as images, on 2 cores", "test",
          _in_qemu(2), _BY_CORES),
    Suite("baremetal_1", "the same on one", "test", _in_qemu(1), _BY_CORES),
    Suite("images", "what is in an image, and how it boots", "test",
          ("--config=images", "--test_tag_filters=image",
           "--build_tests_only"), ("//apps/...", "//platform/baremetal/...")),
    # Compiled, never run: core and applications once, the rest once.
    Suite("archetype", "core and applications with nothing but the contract, "
          "by clang and its layering_check", "build",
          ("--config=clang", "--config=archetype"), _PORTABLE),
    Suite("clang", "the platforms by clang and its layering_check", "build",
          ("--config=clang", "--copt=-O0", "--copt=-g0"),
          ("//platform/...", "//tools/...", "//docs/...")),
    Suite("asan", "with the address and undefined behaviour sanitizers",
          "test", ("--config=asan", "--build_tests_only"), _NATIVE),
    Suite("fuzz", "fuzzers, some seconds each, with sanitizers", "test",
          ("--config=fuzz", "--build_tests_only"),
          (*_PORTABLE, "//platform/baremetal/...")),
    Suite("tsan", "what several threads share, with the thread sanitizer",
          "test", ("--config=tsan", "--build_tests_only"), _SHARED),
)
