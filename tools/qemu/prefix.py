"""How other commands run an image: what stands before its command line."""

from collections.abc import Sequence
from pathlib import Path

RUN_IMAGE = Path(__file__).absolute().parent / "run_image"


def command_prefix(runner: Path = RUN_IMAGE, *, cores: int | None = None,
                   memory: str | None = None, accelerator: str = "auto",
                   is_pinned: bool = False,
                   cards: Sequence[str] = (),
                   behind: Sequence[str] = ()) -> list[str]:
    """A bare-metal image's command behind this is a Linux program's. `cards`
    and what is `behind` them: as tools/qemu/nics.py says."""
    prefix = [str(runner), f"--accelerator={accelerator}"]
    if cores is not None:
        prefix.append(f"--cores={cores}")
    if memory is not None:
        prefix.append(f"--memory={memory}")
    if is_pinned:
        prefix.append("--pin")
    prefix += [f"--nic={card}" for card in cards]
    prefix += [f"--netdev={netdev}" for netdev in behind]
    return prefix
