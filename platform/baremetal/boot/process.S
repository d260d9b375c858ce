// Where an image begins that another kernel has started as a process: there is
// no machine to run on, and that kernel's own system calls tell so.
#include <asm/unistd_64.h>

#define STDERR 2
#define WRONG_CONFIGURATION 2

        .section .rodata
text:   .ascii "this program is its own operating system: a boot loader starts "
        .ascii "it, or `./ebbrt start NAME --platform baremetal`\n"
text_end:

        .text
        .globl start_as_process
start_as_process:
        movl $__NR_write, %eax
        movl $STDERR, %edi
        movl $text, %esi
        movl $(text_end - text), %edx
        syscall
        movl $__NR_exit_group, %eax
        movl $WRONG_CONFIGURATION, %edi
        syscall
        ud2

        .section .note.GNU-stack, "", @progbits
