"""How other commands run a program in a Linux guest: what stands before its
command line (tools/qemu/prefix.py)."""

from pathlib import Path

RUN_PROGRAM = Path(__file__).absolute().parent / "run_program"
