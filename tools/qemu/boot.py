"""How a machine comes by its image: from QEMU itself, or over a network.

The network is QEMU's own, with its DHCP and TFTP servers. There the machine's
firmware fetches a loader's file, and the loader fetches the image.

Source: qemu-system-x86_64(1), -netdev user; iPXE, ipxe.org/cmd and
ipxe.org/scripting; GNU GRUB manual, "multiboot".
"""

import re
import shutil
import subprocess
from pathlib import Path

from tools.experiment.problems import DocumentError, Problem, quote
from tools.qemu.guest_command import GuestCommand

# By QEMU's -kernel; by iPXE on BIOS; by GRUB on UEFI.
WAYS = ("kernel", "pxe", "uefi")
CARD = "virtio-net-pci"
_UEFI = Path("/usr/share/ovmf/OVMF.fd")
_GRUB_MODULES = ("boot", "efinet", "multiboot", "tftp")
# Names that a boot loader's command line and QEMU's lists of options take as
# they are.
_PLAIN_PATH = re.compile(r"[\w./+:@%-]+")


def arguments(way: str, card: str, image: Path, command: GuestCommand,
              directory: Path) -> list[str]:
    """Of QEMU's. Writes what it needs into `directory`. Raises DocumentError
    where this way cannot be gone."""
    if way == "kernel":
        line = ["-kernel", _kernel(image, directory),
                "-append", command.line()]
        if command.modules:
            line += ["-initrd", ",".join(
                str(directory / name) for name in _modules(command, directory))]
        return line
    served = directory / "tftp"
    served.mkdir()
    (served / "image").symlink_to(image.absolute())
    modules = _modules(command, served)
    file = (_ipxe_script if way == "pxe" else _grub)(command, modules, served)
    device = f"{card},netdev=boot,bootindex=0"
    if way == "uefi" and card == CARD:
        device += ",romfile="  # The firmware has a driver of its own.
    line = ["-netdev", f"user,id=boot,tftp={served},bootfile={file}",
            "-device", device]
    return line + ["-bios", str(_UEFI)] if way == "uefi" else line


def _kernel(image: Path, directory: Path) -> str:
    # QEMU makes the name the first word of the command line, without quotes.
    if _PLAIN_PATH.fullmatch(str(image)):
        return str(image)
    link = directory / "image"
    link.symlink_to(image.absolute())
    return str(link)


def _modules(command: GuestCommand, directory: Path) -> list[str]:
    """The names of the modules, which are then in the directory."""
    names = []
    for index, content in enumerate(command.modules):
        names.append(f"module-{index}")
        place = directory / names[-1]
        if isinstance(content, Path):
            place.symlink_to(content.absolute())
        else:
            place.write_text(content, encoding="utf-8",
                             errors="surrogateescape")
    return names


def _ipxe_script(command: GuestCommand, modules: list[str],
                 served: Path) -> str:
    words = command.line()
    # iPXE takes a line apart at its spaces, and puts it together with one.
    if "${" in words or "  " in words:
        raise DocumentError([Problem(
            "an argument", quote(words), 'no "${" and no two spaces in a row, '
            "which iPXE does not pass on")])
    lines = ["#!ipxe", f"kernel image {words}",
             *(f"module {name}" for name in modules), "boot"]
    (served / "boot.ipxe").write_text("\n".join(lines) + "\n",
                                      encoding="utf-8")
    return "boot.ipxe"


def _grub(command: GuestCommand, modules: list[str], served: Path) -> str:
    """GRUB with its script in it."""
    # GRUB passes on what stands behind the file's name; an image wants a name.
    words = " ".join(_grub_word(word) for word in ["image", *command.words])
    lines = [f"multiboot (tftp)/image {words}",
             *(f"module (tftp)/{name}" for name in modules), "boot"]
    script = served / "grub.cfg"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    maker = shutil.which("grub-mkimage")
    if maker is None or not _UEFI.exists():
        raise DocumentError([Problem(
            "--boot", '"uefi" without its programs', "them: apt-get install "
            "grub-common grub-efi-amd64-bin ovmf")])
    done = subprocess.run(
        [maker, "--format=x86_64-efi", f"--output={served / 'grub.efi'}",
         "--prefix=/", f"--config={script}", *_GRUB_MODULES],
        capture_output=True, text=True, check=False)
    if done.returncode:
        raise DocumentError([Problem("grub-mkimage", done.stderr.strip(),
                                     "GRUB's image for UEFI")])
    return "grub.efi"


def _grub_word(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
