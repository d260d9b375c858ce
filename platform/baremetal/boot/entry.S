// Where a loader enters: 32-bit protected mode without paging, as multiboot
// (specification 0.6.96, sections 3.1 and 3.2) and PVH (Xen's documentation,
// misc/pvh) leave it. From here to long mode with an identity map of the first
// 4 GiB, and on to MachineMain; application processors, which begin in real
// mode, come the same way.
#include "platform/baremetal/cpu/layout.h"

#define MULTIBOOT_MAGIC 0x1badb002
// Modules on page boundaries, a memory map, and the addresses below (bit 16):
// loaders take no ELF64 otherwise.
#define MULTIBOOT_FLAGS 0x00010003

        .section .note.boot, "a", @note
        .balign 4
        .long 4, 2f - 1f, 0x4d42
        .asciz "MBT"
1:
multiboot_header:
        .long MULTIBOOT_MAGIC
        .long MULTIBOOT_FLAGS
        .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
        .long multiboot_header
        .long image_begin
        .long data_file_end
        .long image_end
        .long enter_by_multiboot
2:
        // XEN_ELFNOTE_PHYS32_ENTRY.
        .balign 4
        .long 4, 8, 18
        .asciz "Xen"
        .quad enter_by_pvh

        .bss
        .balign 4096
boot_level4: .skip 4096
boot_level3: .skip 4096
boot_level2: .skip 4 * 4096
        .balign 16
        .skip 16384
boot_stack_top:

        .section .rodata
        .balign 8
boot_segments:
        .quad 0
        .quad 0x00af9a000000ffff        // 64-bit code
        .quad 0x00cf92000000ffff        // data
        .quad 0x00cf9a000000ffff        // 32-bit code
        .globl boot_segments_pointer
boot_segments_pointer:
        .word . - boot_segments - 1
        .long boot_segments

        .text
        .code32
enter_by_pvh:
        movl $0, %eax                   // No magic number: PVH has none.
enter_by_multiboot:
        cli
        cld
        movl $boot_stack_top, %esp
        movl %eax, %esi                 // MachineMain's arguments, swapped.
        movl %ebx, %edi
        rdtsc
        movl %eax, boot_tsc
        movl %edx, boot_tsc + 4

        // The identity map, writable: four pages of 1 GiB where the processor has
        // them, else of 2 MiB.
        movl $boot_level3 + 3, boot_level4
        movl $0x80000001, %eax
        cpuid
        testl $(1 << 26), %edx
        jz 2f
        movl $0x83, boot_level3
        movl $0x40000083, boot_level3 + 8
        movl $0x80000083, boot_level3 + 16
        movl $0xc0000083, boot_level3 + 24
        jmp 3f
2:      movl $boot_level2 + 3, %eax
        xorl %ecx, %ecx
1:      movl %eax, boot_level3(, %ecx, 8)
        addl $4096, %eax
        incl %ecx
        cmpl $4, %ecx
        jne 1b
        xorl %ecx, %ecx
        movl $0x83, %eax
1:      .set i, 0
        .rept 8
        movl %eax, boot_level2 + 8 * i(, %ecx, 8)
        addl $0x200000, %eax
        .set i, i + 1
        .endr
        addl $8, %ecx
        cmpl $2048, %ecx
        jne 1b

3:      movl $boot_level4, %ebx
        call enter_long_mode
        ljmp $EBBRT_CODE_SELECTOR, $start_in_long_mode

// ebx: the page table, below 4 GiB. Changes eax, ecx and edx.
        .globl enter_long_mode
enter_long_mode:
        lgdt boot_segments_pointer
        movl %cr4, %eax
        orl $0x6a0, %eax                // PAE, PGE, OSFXSR, OSXMMEXCPT
        movl %eax, %cr4
        movl %ebx, %cr3
        movl $0xc0000080, %ecx          // EFER
        rdmsr
        orl $0x901, %eax                // NXE, LME, SCE
        wrmsr
        movl %cr0, %eax
        andl $~0x6000000c, %eax         // CD, NW, TS, EM off
        orl $0x80010022, %eax           // PG, WP, NE, MP
        movl %eax, %cr0
        ret

        .code64
start_in_long_mode:
        movl $EBBRT_DATA_SELECTOR, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        xorl %eax, %eax
        movl %eax, %fs
        movl %eax, %gs
        movl %esp, %esp
        movl %esi, %eax
        movl %edi, %esi
        movl %eax, %edi
        xorl %ebp, %ebp
        call MachineMain
        ud2

// The application processors' way, copied to EBBRT_TRAMPOLINE. The variables
// at its end are filled in by who starts them.
        .globl trampoline_begin, trampoline_end
        .globl trampoline_page_table, trampoline_stack
#define AT(label) (label - trampoline_begin + EBBRT_TRAMPOLINE)
        .code16
trampoline_begin:
        cli
        cld
        xorw %ax, %ax
        movw %ax, %ds
        lgdtl AT(trampoline_segments)
        movl %cr0, %eax
        orl $1, %eax
        movl %eax, %cr0
        ljmpl $0x18, $AT(1f)
        .code32
1:      movl $EBBRT_DATA_SELECTOR, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        movl $(EBBRT_TRAMPOLINE + 4096), %esp
        movl AT(trampoline_page_table), %ebx
        movl $enter_long_mode, %eax
        call *%eax
        ljmp $EBBRT_CODE_SELECTOR, $AT(2f)
        .code64
2:      xorl %eax, %eax
        movl %eax, %fs
        movl %eax, %gs
        // Whoever is not wanted (any more) stops here: the stack is another's.
        movl $EBBRT_START_WANTED, %eax
        movl $EBBRT_START_TAKEN, %ecx
        lock cmpxchgl %ecx, processor_start
        jne 3f
        movq AT(trampoline_stack), %rsp
        xorl %ebp, %ebp
        movq $ProcessorMain, %rax
        call *%rax
        ud2
3:      cli
        hlt
        jmp 3b
        .balign 8
trampoline_segments:
        .word 31
        .long boot_segments
        .balign 8
trampoline_page_table:
        .quad 0
trampoline_stack:
        .quad 0
trampoline_end:

        .section .note.GNU-stack, "", @progbits
