"""No mutable globals in core and in applications.

In the simulator a thousand nodes share one process, so what an application
or core keeps must stand in Ebbs. What is writable and has a name in an object
file is a global, whatever the source looks like.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.tidy.findings import Finding

# A symbol in a section that is written while the program runs. (.data.rel.ro
# is constant once the program is loaded.)
_SYMBOL = re.compile(
    r"^[0-9a-f]+ .{7} "
    r"(?P<section>\.(?!data\.rel\.ro)(?:data|bss|tdata|tbss)\S*)\t"
    r"[0-9a-f]+ +(?:\.hidden )?(?P<name>.+)$")
# The compiler's own: guards of local constants, references to type names, and
# what <iostream> leaves in each file.
_COMPILERS_OWN = re.compile(
    r"^(guard variable for |DW\.ref\.|std::__ioinit$)")


def parse_symbols(listing: str) -> Iterator[str]:
    """The mutable symbols in what `objdump --syms --demangle` prints."""
    for line in listing.splitlines():
        found = _SYMBOL.match(line)
        if not found or found["name"] == found["section"]:
            continue
        if not _COMPILERS_OWN.match(found["name"]):
            yield found["name"]


def is_ours(name: str) -> bool:
    """Whether a symbol of a whole program is core's or an application's.

    There is one platform a process, which keeps what it must.
    """
    return (name.startswith("ebbrt::")
            and not name.startswith("ebbrt::platform::"))


def check_globals(files: Iterable[Path]) -> Iterator[Finding]:
    """All mutable globals in some libraries of core, or whole programs."""
    for file in files:
        listing = subprocess.run(
            ["objdump", "--syms", "--demangle", file],
            check=True, capture_output=True, text=True).stdout
        for name in sorted(set(parse_symbols(listing))):
            if file.suffix == ".a" or is_ours(name):
                yield Finding(name, 0, "mutable_global",
                              f"is a mutable global in {file.name}")
