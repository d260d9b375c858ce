"""Which accelerator QEMU can use here: KVM only where a guest runs in it."""

import hashlib
import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

from tools.experiment.problems import DocumentError, Problem, quote
from tools.qemu import kvm_probe

QEMU = "qemu-system-x86_64"
CHOICES = ("auto", "kvm", "tcg")
# What the machine's processor is, unless one says otherwise. A guest that need
# not migrate may know that its cycle counter is constant.
PROCESSOR_MODELS = {"kvm": "host,migratable=off", "tcg": "max"}

# To be said wherever times of emulated images are.
EMULATED = ("bare metal is emulated here (QEMU's TCG, without KVM): its times "
            "are not those of hardware")

# Whether KVM works, and what there is to say of it.
Finding = tuple[bool, str]


def qemu_path() -> str:
    """QEMU's program. Raises DocumentError where it is not installed."""
    path = shutil.which(QEMU)
    if path is None:
        raise DocumentError([Problem(
            QEMU, "nothing of that name on the PATH",
            "QEMU: apt-get install qemu-system-x86")])
    return path


def probe_kvm() -> Finding:
    """Runs a guest of a few instructions; takes seconds where it hangs."""
    try:
        # A process of its own: where it does not work, it may hang.
        done = subprocess.run([sys.executable, kvm_probe.__file__],
                              capture_output=True, text=True, check=False,
                              timeout=kvm_probe.SECONDS_MAX)
    except subprocess.TimeoutExpired:
        finding = (False, "/dev/kvm is there, but a guest hangs in it")
        _remember(finding)
        return finding
    finding = (done.returncode == 0, done.stdout.strip() or "the probe died")
    # Other failures are found soon, and may be mended by a right to the device.
    if finding[0]:
        _remember(finding)
    return finding


def kvm() -> Finding:
    """The same, asked once by each probe since the machine was started."""
    try:
        kept = json.loads(_memory().read_text(encoding="utf-8"))
        if (kept["boot"] == _boot() and kept["probe"] == _probe()
                and os.access("/dev/kvm", os.W_OK)):
            return bool(kept["works"]), str(kept["details"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return probe_kvm()


def choose(wanted: str, place: str = "--accelerator") -> str:
    """"kvm" or "tcg". Raises DocumentError where KVM is wanted in vain."""
    if wanted == "tcg":
        return wanted
    works, details = kvm()
    if wanted == "kvm" and not works:
        raise DocumentError([Problem(
            place, f"{quote(wanted)}, which does not work here ({details})",
            '"auto" or "tcg"')])
    return "kvm" if works else "tcg"


def title(chosen: str) -> str:
    """QEMU as it is used: with this accelerator, and a processor to match."""
    return f"{QEMU} ({chosen}, {PROCESSOR_MODELS[chosen]})"


def describe(chosen: str) -> dict[str, str]:
    """What a result says of the machine that images were run on."""
    said = subprocess.run([qemu_path(), "--version"], capture_output=True,
                          text=True, check=False).stdout
    return {"qemu": said.partition("\n")[0],
            "accelerator": chosen,
            "guest_processor": PROCESSOR_MODELS[chosen]}


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def _probe() -> str:
    """Which one it is: another may find out more."""
    return hashlib.sha256(Path(kvm_probe.__file__).read_bytes()).hexdigest()


def _memory() -> Path:
    # Not $HOME's: a test has one of its own, and would probe each time.
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    return home / ".cache" / "ebbrt" / "kvm.json"


def _remember(finding: Finding) -> None:
    works, details = finding
    file = _memory()
    fresh = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"boot": _boot(), "probe": _probe(),
                                     "works": works, "details": details}),
                         encoding="utf-8")
        fresh.replace(file)
    except OSError:
        pass  # Then it is asked again.
