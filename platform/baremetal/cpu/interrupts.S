// Where the processor enters for interrupts and exceptions.
#include "platform/baremetal/cpu/layout.h"

        // For debuggers: nobody throws through here.
        .cfi_sections .debug_frame
        .text
        .altmacro

// An exception: all general registers are saved, and HandleException decides.
// Vectors 8, 10 to 14, 17, 21, 29 and 30 have an error code; the others get a
// zero in its place.
.macro EXCEPTION vector
exception_\vector:
        .if (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30)
        .else
        pushq $0
        .endif
        pushq $\vector
        jmp exception
.endm
.set i, 0
.rept EBBRT_FIRST_INTERRUPT
        EXCEPTION %i
        .set i, i + 1
.endr

exception:
        .cfi_startproc simple
        .cfi_signal_frame
        pushq %rax
        pushq %rcx
        pushq %rdx
        pushq %rbx
        pushq %rbp
        pushq %rsi
        pushq %rdi
        pushq %r8
        pushq %r9
        pushq %r10
        pushq %r11
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        cld
        movq %rsp, %rdi
        movq %rsp, %rbp
        // An ExceptionFrame (interrupts.h) ends here, and what it holds is of
        // who was interrupted.
        .cfi_def_cfa %rbp, 176
        .cfi_offset %rsp, -16
        .cfi_offset %rip, -40
        .cfi_offset %rax, -64
        .cfi_offset %rcx, -72
        .cfi_offset %rdx, -80
        .cfi_offset %rbx, -88
        .cfi_offset %rbp, -96
        .cfi_offset %rsi, -104
        .cfi_offset %rdi, -112
        .cfi_offset %r8, -120
        .cfi_offset %r9, -128
        .cfi_offset %r10, -136
        .cfi_offset %r11, -144
        .cfi_offset %r12, -152
        .cfi_offset %r13, -160
        .cfi_offset %r14, -168
        .cfi_offset %r15, -176
        andq $-16, %rsp
        call HandleException
        movq %rbp, %rsp
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %r11
        popq %r10
        popq %r9
        popq %r8
        popq %rdi
        popq %rsi
        popq %rbp
        popq %rbx
        popq %rdx
        popq %rcx
        popq %rax
        addq $16, %rsp
        iretq
        .cfi_endproc

// An interrupt by level: its vector is noted. The local APIC is told of its end
// by whoever has run the handler; it would come again at once.
.macro LINE vector
        .balign 8
interrupt_\vector:
        pushq %rax
        movl $\vector, %eax
        jmp line
.endm
.set i, EBBRT_FIRST_INTERRUPT
.rept EBBRT_FIRST_EDGE_INTERRUPT - EBBRT_FIRST_INTERRUPT
        LINE %i
        .set i, i + 1
.endr

line:
        btsq %rax, %gs:EBBRT_PROCESSOR_PENDING_VECTORS
        jc 1f
        incq %gs:EBBRT_PROCESSOR_PENDING
1:      popq %rax
        iretq

// Any other: its vector is noted, once, and the local APIC told.
.macro INTERRUPT vector
        .balign 8
interrupt_\vector:
        pushq %rax
        movl $\vector, %eax
        jmp interrupt
.endm
.set i, EBBRT_FIRST_EDGE_INTERRUPT
.rept EBBRT_TIMER_VECTOR - EBBRT_FIRST_EDGE_INTERRUPT
        INTERRUPT %i
        .set i, i + 1
.endr

interrupt:
        btsq %rax, %gs:EBBRT_PROCESSOR_PENDING_VECTORS
        jc end_of_interrupt
        incq %gs:EBBRT_PROCESSOR_PENDING
end_of_interrupt:
        movq %gs:EBBRT_PROCESSOR_EOI_REGISTER, %rax
        testq %rax, %rax
        jz 2f
        movl $0, (%rax)
        popq %rax
        iretq
2:      pushq %rcx
        pushq %rdx
        movl $0x80b, %ecx               // x2APIC's end of interrupt.
        xorl %eax, %eax
        xorl %edx, %edx
        wrmsr
        popq %rdx
        popq %rcx
        popq %rax
        iretq

// One that has ended a halt, and has done its duty.
interrupt_quiet:
        pushq %rax
        jmp end_of_interrupt

// The local APIC takes no end of a spurious interrupt.
interrupt_spurious:
        iretq

// Interrupts are taken behind the instruction that follows `sti`, so that one
// that pends ends the halt. An NMI that comes between the two ends that delay
// too: HandleException has it return behind the `hlt`, which would otherwise
// wait for an interrupt that was taken already.
        .globl HaltInterruptibly, halt_begin, halt_end
        .type HaltInterruptibly, @function
HaltInterruptibly:
        .cfi_startproc
        sti
halt_begin:
        hlt
halt_end:
        cli
        ret
        .cfi_endproc
        .size HaltInterruptibly, . - HaltInterruptibly

        .section .rodata
        .balign 8
        .globl interrupt_entries
interrupt_entries:
.macro ENTRY_OF kind, vector
        .quad \kind\()_\vector
.endm
.set i, 0
.rept EBBRT_FIRST_INTERRUPT
        ENTRY_OF exception, %i
        .set i, i + 1
.endr
.set i, EBBRT_FIRST_INTERRUPT
.rept EBBRT_TIMER_VECTOR - EBBRT_FIRST_INTERRUPT
        ENTRY_OF interrupt, %i
        .set i, i + 1
.endr
        .quad interrupt_quiet, interrupt_quiet
        .quad interrupt_spurious

        .section .note.GNU-stack, "", @progbits
