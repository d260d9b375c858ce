"""What the machine is that an experiment was run on."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from tools import paths


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def processor_name() -> str:
    """The processor as it names itself."""
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def is_virtual() -> bool:
    """Whether the processor says that it is a virtual machine's."""
    return " hypervisor" in _read("/proc/cpuinfo")


def memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def distribution() -> str:
    """The name of the distribution, "" if it does not say."""
    for line in _read("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return ""


def describe() -> dict[str, Any]:
    """The `machine` of a result."""
    return {
        "processor": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory_bytes(),
        "kernel": f"{platform.system()} {platform.release()}",
        "distribution": distribution(),
        "hostname": platform.node(),
        "virtual": is_virtual(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/"
                          "scaling_governor") or "unknown",
        "transparent_huge_pages": _read(
            "/sys/kernel/mm/transparent_hugepage/enabled"),
        "load_average": os.getloadavg()[0],
    }


def commit() -> dict[str, Any]:
    """The `commit` of a result: what the source tree is at."""

    def git(*arguments: str) -> str | None:
        done = subprocess.run(["git", *arguments], cwd=paths.ROOT,
                              capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        return {"id": git("rev-parse", "HEAD"),
                "dirty": bool(git("status", "--porcelain"))}
    except FileNotFoundError:
        return {"id": None, "dirty": True}
