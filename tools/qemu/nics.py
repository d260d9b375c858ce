"""The network cards of a guest, in QEMU's words.

A card is a model and properties of QEMU's (`virtio-net,disable-modern=on`), and
what is behind it: one of QEMU's -netdev without its id (`user`,
`dgram,local.type=unix,...`).

Source: qemu-system-x86_64(1), -netdev and -device.
"""

import re
from collections.abc import Sequence

from tools.experiment.problems import DocumentError, Problem, quote

# Ours, and QEMU's name for it.
_MODELS = {"virtio-net": "virtio-net-pci", "e1000": "e1000",
           "e1000e": "e1000e"}
MODELS = tuple(_MODELS)
_BEHIND = "user"
# Without a read-only memory, the card is not booted from.
_NO_BOOT = "romfile="
_PLAIN = re.compile(r"[a-z][\w.-]*(,[\w.-]+=[^,]*)*")


def arguments(cards: Sequence[str], behind: Sequence[str]) -> list[str]:
    """Of QEMU's, for the cards and what is behind each, in order; QEMU's own
    network where that is not said. Raises DocumentError."""
    if len(behind) > len(cards):
        raise DocumentError([Problem("--netdev", quote(behind[len(cards)]),
                                     "a --nic for each")])
    line: list[str] = []
    for index, card in enumerate(cards):
        netdev = behind[index] if index < len(behind) else _BEHIND
        if not _PLAIN.fullmatch(netdev):
            raise DocumentError([Problem(
                "--netdev", quote(netdev),
                "one of QEMU's, as in user,hostfwd=udp::7-:7")])
        kind, _, options = netdev.partition(",")
        line += ["-netdev",
                 ",".join([kind, f"id=nic{index}", *filter(None, [options])])]
        line += ["-device", _device(card, index)]
    return line


def _device(card: str, index: int) -> str:
    model, _, properties = card.partition(",")
    if model not in _MODELS or not _PLAIN.fullmatch(card):
        raise DocumentError([Problem(
            "--nic", quote(card), "one of " + ", ".join(_MODELS) +
            ", and properties as in virtio-net,mq=on")])
    return ",".join([_MODELS[model], f"netdev=nic{index}", _NO_BOOT,
                     *filter(None, [properties])])
