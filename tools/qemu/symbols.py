"""Names for the addresses in a guest's report of its crash."""

import functools
import re
import subprocess
from pathlib import Path

# As platform/baremetal/cpu/crash.cc writes the calls.
_CALL = re.compile(rb"(  #\d+ 0x([0-9a-f]{16}))\n")
_SECONDS_MAX = 10


def name_calls(image: Path, text: bytes) -> bytes:
    """The text, with the function and line behind each call's address."""
    return _CALL.sub(lambda call: call[1] + b" " +
                     _name(image, call[2].decode()) + b"\n", text)


@functools.lru_cache
def _name(image: Path, address: str) -> bytes:
    try:
        done = subprocess.run(
            ["addr2line", "-Cfpse", str(image), address],
            capture_output=True, timeout=_SECONDS_MAX, check=True)
    except (OSError, subprocess.SubprocessError):
        return b"??"
    return b" ".join(done.stdout.split())
