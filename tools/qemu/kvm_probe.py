"""Runs some instructions in a KVM guest; a program, since it may hang.

One of them is of the vector registers, as compilers use them: where KVM has no
processor's support and interprets what guests do, it may know none of these.

Exits with 0 if they ran. Source: kernel documentation, virt/kvm/api.
"""

import ctypes
import fcntl
import mmap
import os
import struct
import sys

SECONDS_MAX = 3

_CREATE_VM = 0xAE01
_GET_VCPU_MMAP_SIZE = 0xAE04
_CREATE_VCPU = 0xAE41
_SET_USER_MEMORY_REGION = 0x4020AE46
_RUN = 0xAE80
_GET_REGS = 0x8090AE81
_SET_REGS = 0x4090AE82
_GET_SREGS = 0x8138AE83
_SET_SREGS = 0x4138AE84
_EXIT_HLT = 5
_EXITS = {9: "cannot enter the guest", 17: "cannot interpret what it runs"}
_CR4_OSFXSR = 1 << 9  # Vector registers are in use.
_CODE_ADDRESS = 0x1000
_PAGE_BYTES = 4096


def _run_guest() -> str:
    """What was found. Raises OSError where KVM does not work."""
    kvm = os.open("/dev/kvm", os.O_RDWR)
    machine = fcntl.ioctl(kvm, _CREATE_VM, 0)
    memory = mmap.mmap(-1, _PAGE_BYTES)
    memory.write(b"\x0f\x57\xc0\xf4")  # xorps %xmm0, %xmm0; hlt
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fcntl.ioctl(machine, _SET_USER_MEMORY_REGION,
                struct.pack("IIQQQ", 0, 0, _CODE_ADDRESS, _PAGE_BYTES, address))
    core = fcntl.ioctl(machine, _CREATE_VCPU, 0)
    state = mmap.mmap(core, fcntl.ioctl(kvm, _GET_VCPU_MMAP_SIZE, 0))
    segments = bytearray(0x138)
    fcntl.ioctl(core, _GET_SREGS, segments)
    segments[0:8] = bytes(8)        # The code segment's base ...
    segments[12:14] = bytes(2)      # ... and selector: real mode at 0.
    cr4, = struct.unpack_from("Q", segments, 0xf8)
    struct.pack_into("Q", segments, 0xf8, cr4 | _CR4_OSFXSR)
    fcntl.ioctl(core, _SET_SREGS, segments)
    registers = bytearray(0x90)
    struct.pack_into("QQ", registers, 0x80, _CODE_ADDRESS, 2)  # rip, rflags
    fcntl.ioctl(core, _SET_REGS, registers)
    fcntl.ioctl(core, _RUN, 0)
    reason = struct.unpack_from("I", state, 8)[0]
    if reason != _EXIT_HLT:
        raise OSError(0, "/dev/kvm is there, but KVM "
                      + _EXITS.get(reason, f"left a guest for reason {reason}"))
    return "ran a guest"


def main() -> int:
    try:
        print(_run_guest())
        return 0
    except OSError as error:
        print(f"{error.strerror}" if error.filename is None
              else f"{error.filename}: {error.strerror}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
