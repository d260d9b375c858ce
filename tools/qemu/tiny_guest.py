"""Makes guests of a few instructions, for tests: what they do is an argument.

    tiny_guest.build(directory, 'SAY "hello\\r\\n"', "EXIT 3")
"""

import subprocess
from pathlib import Path

# 32-bit code in an ELF64 with the addresses in its multiboot header, as our
# images are. Source: Multiboot Specification 0.6.96; 16550 data sheet.
_ASSEMBLY = r"""
        .set COM1, 0x3f8
        .code32
        .text
begin:  .long 0x1badb002, 0x10000, -(0x1badb002 + 0x10000)
        .long begin, begin, end, end_bss, start
        .macro SAY text
        mov $1f, %esi
        call say
        .pushsection .rodata
1:      .asciz "\text"
        .popsection
        .endm
        # The device alone, then the report and the device.
        .macro EXIT_DEVICE code
        mov $0x501, %dx
        mov $\code, %ax
        out %ax, %dx
        .endm
        .macro EXIT code
        SAY "@ebbrt {\"event\":\"exit\",\"code\":\code}\r\n"
        EXIT_DEVICE \code
        .endm
        .macro SAY_COMMAND_LINE
        mov 16(%ebx), %esi
        call say
        .endm
        # The first module's bytes; nothing where there is none.
        .macro SAY_MODULE
        call say_module
        .endm
        .macro HOST text
        mov $1f, %esi
        call host
        .pushsection .rodata
1:      .asciz "\text"
        .popsection
        .endm
        # Answers what comes, until that is a request to stop.
        .macro AWAIT_STOP
1:      mov $COM1 + 5, %dx
        in %dx, %al
        test $1, %al
        jz 1b
        mov $COM1, %dx
        in %dx, %al
        cmp $3, %al
        jne 1b
        .endm
        .macro HANG
        call outer_function
        .endm
        .macro TRIPLE_FAULT
        call faulting_function
        .endm
        .macro POWER_OFF
        mov $0x604, %dx
        mov $0x2000, %ax
        out %ax, %dx
1:      jmp 1b
        .endm

        .globl start
start:  mov $end_bss, %esp
        @BODY@
idle:   hlt
        jmp idle

say:    mov $COM1 + 5, %dx
        in %dx, %al
        test $0x20, %al
        jz say
        lodsb
        test %al, %al
        jz 1f
        mov $COM1, %dx
        out %al, %dx
        jmp say
1:      ret

say_module:
        cmpl $0, 20(%ebx)
        je 2f
        mov 24(%ebx), %edi
        mov (%edi), %esi
        mov 4(%edi), %ecx
        sub %esi, %ecx
1:      mov $COM1 + 5, %dx
        in %dx, %al
        test $0x20, %al
        jz 1b
        mov $COM1, %dx
        outsb
        loop 1b
2:      ret

host:   lodsb
        test %al, %al
        jz 1f
        out %al, $0xe9
        jmp host
1:      ret

        .type outer_function, @function
outer_function:
        call hanging_function
        ret
        .type hanging_function, @function
hanging_function:
        jmp hanging_function
        .type faulting_function, @function
faulting_function:
        lidt no_table
        int3
        ret

        .section .rodata
no_table:
        .word 0
        .long 0
        .data
end:
        .bss
        .skip 4096
end_bss:
"""


def build(directory: Path, *body: str, name: str = "guest") -> Path:
    """An image that does this, a macro of the above a step."""
    source = directory / f"{name}.s"
    thing = directory / f"{name}.o"
    image = directory / name
    source.write_text(_ASSEMBLY.replace("@BODY@", "\n        ".join(body)))
    subprocess.run(["as", "--64", "-g", source, "-o", thing], check=True)
    subprocess.run(["ld", "-N", "--no-warn-rwx-segments", "-Ttext=0x100000",
                    "-e", "start", "--build-id=none", thing, "-o", image],
                   check=True)
    return image
