// Numbers that assembly and C++ share. The C++ side checks them.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_LAYOUT_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_LAYOUT_H_

// Segment selectors (descriptor_tables.cc).
#define EBBRT_CODE_SELECTOR 0x08
#define EBBRT_DATA_SELECTOR 0x10
#define EBBRT_TASK_SELECTOR 0x20

// Where a processor's Processor (processor.h) stands, from what %gs points to;
// and members of it.
#define EBBRT_PROCESSOR (-8192)
#define EBBRT_PROCESSOR_SELF (EBBRT_PROCESSOR + 0)
#define EBBRT_PROCESSOR_SYSTEM_STACK (EBBRT_PROCESSOR + 8)
#define EBBRT_PROCESSOR_SAVED_RSP (EBBRT_PROCESSOR + 16)
#define EBBRT_PROCESSOR_PENDING (EBBRT_PROCESSOR + 24)
#define EBBRT_PROCESSOR_EOI_REGISTER (EBBRT_PROCESSOR + 32)
#define EBBRT_PROCESSOR_PENDING_VECTORS (EBBRT_PROCESSOR + 64)

// Vectors from this one on are interrupts; those below are the processor's own
// exceptions.
#define EBBRT_FIRST_INTERRUPT 32
#define EBBRT_VECTORS 256
// Those before this one are of lines that interrupt by level: their end is told
// when their handler has run, and they are of the lowest priority, so that
// meanwhile they keep out each other only.
#define EBBRT_FIRST_EDGE_INTERRUPT 48
// These only end a halt: nobody handles them.
#define EBBRT_TIMER_VECTOR 253
#define EBBRT_WAKE_VECTOR 254
#define EBBRT_SPURIOUS_VECTOR 255

// Where application processors begin, in real mode: below 1 MiB, a page.
#define EBBRT_TRAMPOLINE 0x8000

// States of the start of one of them (application_processors.cc).
#define EBBRT_START_WANTED 1
#define EBBRT_START_TAKEN 2

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_LAYOUT_H_
