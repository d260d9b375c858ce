// Where the `syscall` instruction enters, from ring 0: the C library does not
// know where it runs. All general registers are kept but for the result; vector
// registers are not touched, which is why the runtime has none.
#include "platform/baremetal/cpu/layout.h"

        .text
        .globl EnterSystemCall
EnterSystemCall:
        movq %rsp, %gs:EBBRT_PROCESSOR_SAVED_RSP
        movq %gs:EBBRT_PROCESSOR_SYSTEM_STACK, %rsp
        // A ThreadFrame (processor.h).
        pushq %gs:EBBRT_PROCESSOR_SAVED_RSP
        pushq %r11
        pushq %rcx
        pushq %rax
        pushq %rdi
        pushq %rsi
        pushq %rdx
        pushq %r8
        pushq %r9
        pushq %r10
        pushq %rbx
        pushq %rbp
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        movq %rsp, %rdi
        call HandleSystemCall
resume:
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %rbp
        popq %rbx
        popq %r10
        popq %r9
        popq %r8
        popq %rdx
        popq %rsi
        popq %rdi
        popq %rax
        popq %rcx
        popq %r11
        pushq %r11
        popfq
        popq %rsp
        jmpq *%rcx

// void ResumeThread(const ThreadFrame* frame)
        .globl ResumeThread
ResumeThread:
        movq %rdi, %rsp
        jmp resume

// void CallOnStack(uint64_t stack, void (*function)())
        .globl CallOnStack
CallOnStack:
        movq %rdi, %rsp
        xorl %ebp, %ebp
        call *%rsi
        ud2

// void StartProgram(uint64_t stack, uint64_t entry): as the kernel starts one.
        .globl StartProgram
StartProgram:
        movq %rdi, %rsp
        xorl %edx, %edx
        xorl %ebp, %ebp
        jmpq *%rsi

        .section .note.GNU-stack, "", @progbits
