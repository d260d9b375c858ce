"""Finds out what the machine can do, by trying it.

Source: kernel documentation (admin-guide/mm/hugetlbpage, networking/tuntap),
and the manual pages perf_event_open(2), io_uring_setup(2), getauxval(3).
"""

import contextlib
import ctypes
import fcntl
import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools import paths
from tools.experiment import machine
from tools.qemu import accelerator

_libc = ctypes.CDLL(None, use_errno=True)

_SYS_PERF_EVENT_OPEN = 298
_SYS_IO_URING_SETUP = 425
_AT_HWCAP2 = 26
_HWCAP2_FSGSBASE = 1 << 1
_TUNSETIFF = 0x400454CA
_IFF_TAP_NO_PI = 0x0002 | 0x1000
_MAP_HUGETLB = 0x40000
_HUGE_PAGE_BYTES = 2 * 2**20
_CLONE_NEWNET = 0x40000000

# Whether it works, and what there is to say of it.
Finding = tuple[bool, str]


@dataclass(frozen=True)
class Ability:
    """Something that a machine may or may not be able to do."""

    name: str
    use: str
    probe: Callable[[], Finding]


def _error_text() -> str:
    return os.strerror(ctypes.get_errno())


def _system_call(*arguments: object) -> int:
    _libc.syscall.restype = ctypes.c_long
    return _libc.syscall(*arguments)


def _huge_pages() -> Finding:
    free = next((line.split()[1] for line in
                 Path("/proc/meminfo").read_text().splitlines()
                 if line.startswith("HugePages_Free")), "0")
    try:
        with mmap.mmap(-1, _HUGE_PAGE_BYTES,
                       mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_HUGETLB):
            return True, f"{free} free"
    except OSError:
        return False, f"{free} free; sysctl vm.nr_hugepages=N reserves some"


def _transparent_huge_pages() -> Finding:
    try:
        setting = Path("/sys/kernel/mm/transparent_hugepage/enabled"
                       ).read_text().strip()
    except OSError:
        return False, "the kernel has none"
    return "[never]" not in setting, setting


def _tap() -> Finding:
    try:
        with open("/dev/net/tun", "r+b", buffering=0) as tun:
            # The device goes when the file is closed.
            fcntl.ioctl(tun, _TUNSETIFF,
                        struct.pack("16sH22x", b"ebbrt-probe", _IFF_TAP_NO_PI))
            return True, "made one"
    except OSError as error:
        return False, error.strerror + _unless_root()


def _unless_root() -> str:
    return "" if os.geteuid() == 0 else "; needs root"


def _io_uring() -> Finding:
    parameters = ctypes.create_string_buffer(120)
    descriptor = _system_call(_SYS_IO_URING_SETUP, 8, parameters)
    if descriptor < 0:
        return False, _error_text()
    os.close(descriptor)
    return True, "made a ring"


def _fsgsbase() -> Finding:
    _libc.getauxval.restype = ctypes.c_ulong
    works = bool(_libc.getauxval(_AT_HWCAP2) & _HWCAP2_FSGSBASE)
    return works, "the kernel allows it" if works else "the kernel does not"


def _hardware_counters() -> Finding:
    # struct perf_event_attr: PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES,
    # without the kernel, which an ordinary user may not count.
    exclude_kernel = 1 << 5
    attributes = struct.pack("IIQQQQQ", 0, 64, 0, 0, 0, 0, exclude_kernel)
    buffer = ctypes.create_string_buffer(attributes.ljust(64, b"\0"), 64)
    descriptor = _system_call(_SYS_PERF_EVENT_OPEN, buffer, 0, -1, -1, 0)
    if descriptor < 0:
        return False, _error_text()
    os.close(descriptor)
    return True, "counted cycles"


def _network_namespaces() -> Finding:
    child = os.fork()
    if child == 0:
        code = 255
        with contextlib.suppress(BaseException):
            failed = _libc.unshare(_CLONE_NEWNET) != 0
            code = ctypes.get_errno() if failed else 0
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0:
        return True, "made one"
    return False, os.strerror(code) + _unless_root()


def _packages() -> Finding:
    wanted = [line for line in
              (paths.ROOT / "tools" / "packages.txt").read_text().split("\n")
              if line and not line.startswith("#")]
    found = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"],
        capture_output=True, text=True, check=False).stdout.splitlines()
    missing = [name for name in wanted if f"installed {name}" not in found]
    if missing:
        return False, "missing: " + " ".join(missing)
    return True, f"all {len(wanted)} are there"


ABILITIES = [
    Ability("KVM", "bare metal at full speed", accelerator.probe_kvm),
    Ability("huge pages", "memory of the Linux platform", _huge_pages),
    Ability("transparent huge pages", "the same", _transparent_huge_pages),
    Ability("TAP", "own network stack, guests", _tap),
    Ability("network namespaces", "networks in tests", _network_namespaces),
    Ability("io_uring", "waiting for events", _io_uring),
    Ability("FSGSBASE", "Ebb translation in one load", _fsgsbase),
    Ability("hardware counters", "cycles and misses", _hardware_counters),
    Ability("Debian packages", "building, tests", _packages),
]


def _version(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "not installed"
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "does not run"
    return (done.stdout or done.stderr).partition("\n")[0]


def _limit_of_files() -> str:
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return f"{soft} at once, {hard} at most"


FACTS: list[tuple[str, Callable[[], str]]] = [
    ("processor", lambda: machine.processor_name() +
     (" (virtual)" if machine.is_virtual() else "")),
    ("cores", lambda: str(len(os.sched_getaffinity(0)))),
    ("memory", lambda: f"{machine.memory_bytes() / 2**30:.1f} GiB"),
    ("kernel", lambda: " ".join(os.uname()[0:3:2])),
    ("distribution", machine.distribution),
    ("g++", lambda: _version("g++", "--version")),
    ("clang", lambda: _version("clang-16", "--version")),
    ("bazel", lambda: _version("dpkg-query", "-W", "-f", "${Version}",
                               "bazel-bootstrap")),
    ("QEMU", lambda: _version(accelerator.QEMU, "--version")),
    ("open files", _limit_of_files),
]
