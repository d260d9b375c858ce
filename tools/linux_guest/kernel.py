"""Debian's Linux kernel for guests, its drivers, and a shell: fetched when they
are first wanted, and kept.

Nothing is installed: the packages are taken apart.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.experiment.problems import DocumentError, Problem, quote

# All checkouts share it.
_PLACE = Path.home() / ".cache" / "ebbrt" / "linux_guest"
_KERNEL_PACKAGE = "linux-image-amd64"
_SHELL_PACKAGE = "busybox-static"
# The buses and cards of our machines.
_DRIVERS = ("virtio_pci", "virtio_net", "e1000", "e1000e")
_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


@dataclass(frozen=True)
class Kernel:
    """Files of this machine; the drivers in the order in which they load."""

    image: Path
    shell: Path
    drivers: tuple[Path, ...]


def kernel() -> Kernel:
    """Raises DocumentError where Debian's packages cannot be had."""
    if not _PLACE.is_dir():
        _fetch()
    return Kernel(_PLACE / "vmlinuz", _PLACE / "busybox",
                  tuple(sorted(_PLACE.glob("*.ko"))))


def _fetch() -> None:
    print("ebbrt: fetching Debian's Linux kernel for guests", file=sys.stderr,
          flush=True)
    _PLACE.parent.mkdir(parents=True, exist_ok=True)
    # It is there whole, or not at all.
    with tempfile.TemporaryDirectory(dir=_PLACE.parent) as directory:
        work = Path(directory)
        packages = [_newest_kernel(), _SHELL_PACKAGE]
        _run(["apt-get", "-qq", "download", *packages], work)
        parts, chosen = work / "parts", work / "chosen"
        for package in work.glob("*.deb"):
            _run(["dpkg-deb", "--extract", str(package), str(parts)], work)
        chosen.mkdir()
        next(parts.glob("boot/vmlinuz-*")).rename(chosen / "vmlinuz")
        (parts / "bin" / "busybox").rename(chosen / "busybox")
        for number, driver in enumerate(_in_order(parts / "lib" / "modules")):
            # Their names keep their order.
            driver.rename(chosen / f"{number:02}-{driver.name}")
        # Another may have been faster.
        if not _PLACE.is_dir():
            chosen.replace(_PLACE)


def _newest_kernel() -> str:
    said = _run(["apt-cache", "depends", _KERNEL_PACKAGE], Path.cwd())
    found = re.search(r"Depends: (linux-image-\S+)", said)
    if not found:
        raise DocumentError([Problem(
            _KERNEL_PACKAGE, quote(said.strip()), "a package that depends on a "
            "kernel's: apt-get update")])
    return found[1]


def _run(command: Sequence[str], place: Path) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise DocumentError([Problem(
            " ".join(command), quote(done.stderr.strip()[-200:]),
            "Debian's packages, which a Linux guest is made of")])
    return done.stdout


def _in_order(modules: Path) -> Iterator[Path]:
    """The drivers, each behind what it depends on."""
    files = {file.stem.replace("-", "_"): file
             for file in modules.rglob("*.ko")}
    done: set[str] = set()

    def load(name: str) -> Iterator[Path]:
        # What is not there, is in the kernel itself.
        if name in done or name not in files:
            return
        done.add(name)
        depends = _DEPENDS.search(files[name].read_bytes())
        for other in depends[1].decode().split(",") if depends else []:
            yield from load(other.replace("-", "_"))
        yield files[name]

    for name in _DRIVERS:
        yield from load(name)
