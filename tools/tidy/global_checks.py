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
# The compiler's own: guards of local constants, references to type names.
_COMPILERS_OWN = re.compile(r"^(guard variable for |DW\.ref\.)")


def parse_symbols(listing: str) -> Iterator[str]:
    """The mutable symbols in what `objdump --syms --demangle` prints."""
    for line in listing.splitlines():
        found = _SYMBOL.match(line)
        if not found or found["name"] == found["section"]:
            continue
        if not _COMPILERS_OWN.match(found["name"]):
            yield found["name"]


def check_globals(archives: Iterable[Path]) -> Iterator[Finding]:
    """All mutable globals in some libraries."""
    for archive in archives:
        listing = subprocess.run(
            ["objdump", "--syms", "--demangle", archive],
            check=True, capture_output=True, text=True).stdout
        for name in sorted(set(parse_symbols(listing))):
            yield Finding(name, 0, "mutable_global",
                          f"is a mutable global in {archive.name}")
