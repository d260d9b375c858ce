"""Files of a guest as the archive that Linux unpacks when it starts.

Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst; the
format "newc" of cpio(5).
"""

import stat
from dataclasses import dataclass, field
from pathlib import Path

_ALIGNMENT = 4
_END = "TRAILER!!!"


@dataclass
class Archive:
    """The files; folders are made as they are needed."""

    _entries: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, name: str, content: bytes | Path, *,
            is_program: bool = False) -> None:
        if isinstance(content, Path):
            content = content.read_bytes()
        mode = stat.S_IFREG | (0o755 if is_program else 0o644)
        self._add(name, mode, content)

    def add_folder(self, name: str) -> None:
        self._add(name, stat.S_IFDIR | 0o755, b"")

    def add_link(self, name: str, target: str) -> None:
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def _add(self, name: str, mode: int, content: bytes) -> None:
        name = name.strip("/")
        for parent in reversed(Path(name).parents[:-1]):
            self._entries.setdefault(str(parent), (stat.S_IFDIR | 0o755, b""))
        self._entries[name] = (mode, content)

    def content(self) -> bytes:
        """As Linux unpacks it; such archives may stand one behind another."""
        parts = []
        for number, (name, (mode, content)) in enumerate(
                [*self._entries.items(), (_END, (0, b""))], start=1):
            path = name.encode() + b"\0"
            fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0,
                      len(path), 0)
            header = b"070701" + b"".join(b"%08x" % value for value in fields)
            parts += [_padded(header + path), _padded(content)]
        return b"".join(parts)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % _ALIGNMENT)
