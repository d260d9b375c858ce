"""Chooses each node's processors, so that nodes disturb each other least."""

from collections.abc import Sequence

from tools.experiment.nodes import Node


def place(nodes: Sequence[Node], available: Sequence[int]) -> list[list[int]]:
    """The processors of each node.

    Nodes get processors of their own, in their order, as long as there are
    any; those for which too few are left share all that no node names, with
    each other and with the others.
    """
    named = {processor for node in nodes for processor in node.processors}
    free = [processor for processor in available if processor not in named]
    shared = free or list(available)
    placed = []
    for node in nodes:
        if node.processors:
            placed.append(list(node.processors))
        elif node.cores <= len(free):
            placed.append(free[:node.cores])
            free = free[node.cores:]
        else:
            # What is left comes first, so that it is used first.
            rest = [processor for processor in shared if processor not in free]
            placed.append((free + rest)[:max(node.cores, 1)])
            free = []
    return placed
