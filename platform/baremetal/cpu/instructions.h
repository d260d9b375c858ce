// The instructions of the processor that C++ has no words for.
//
// Cores: any. Blocks, allocates: no. Errors: none; an instruction that the
// processor does not have is an exception.
// Source: AMD64 Architecture Programmer's Manual, volumes 2 and 3.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPU_INSTRUCTIONS_H_
#define EBBRT_PLATFORM_BAREMETAL_CPU_INSTRUCTIONS_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::machine {

inline void Out8(uint16_t port, uint8_t value) {
  asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline void Out16(uint16_t port, uint16_t value) {
  asm volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline void Out32(uint16_t port, uint32_t value) {
  asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline uint8_t In8(uint16_t port) {
  uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}
inline uint16_t In16(uint16_t port) {
  uint16_t value;
  asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}
inline uint32_t In32(uint16_t port) {
  uint32_t value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}
// `bytes` bytes to one port, one after the other.
inline void OutString(uint16_t port, const char* text, size_t bytes) {
  asm volatile("rep outsb" : "+S"(text), "+c"(bytes) : "d"(port) : "memory");
}
inline void InString(uint16_t port, void* to, size_t bytes) {
  asm volatile("rep insb" : "+D"(to), "+c"(bytes) : "d"(port) : "memory");
}

// Model-specific registers.
enum class Msr : uint32_t {
  kTscDeadline = 0x6e0,
  kApicBase = 0x1b,
  kX2Apic = 0x800,  // The first of the local APIC's.
  kEfer = 0xc0000080,
  kStar = 0xc0000081,
  kLstar = 0xc0000082,
  kSfmask = 0xc0000084,
  kFsBase = 0xc0000100,
  kGsBase = 0xc0000101,
  kKvmWallClock = 0x4b564d00,
  kKvmSystemTime = 0x4b564d01,
};
inline uint64_t ReadMsr(Msr msr) {
  uint32_t low;
  uint32_t high;
  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
  return uint64_t{high} << 32 | low;
}
inline void WriteMsr(Msr msr, uint64_t value) {
  asm volatile("wrmsr"
               :
               : "c"(msr), "a"(static_cast<uint32_t>(value)),
                 "d"(static_cast<uint32_t>(value >> 32))
               : "memory");
}

struct CpuidResult {
  uint32_t a;
  uint32_t b;
  uint32_t c;
  uint32_t d;
};
inline CpuidResult Cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  CpuidResult result;
  asm volatile("cpuid"
               : "=a"(result.a), "=b"(result.b), "=c"(result.c), "=d"(result.d)
               : "a"(leaf), "c"(subleaf));
  return result;
}

inline uint64_t ReadCr2() {
  uint64_t value;
  asm volatile("movq %%cr2, %0" : "=r"(value));
  return value;
}
inline uint64_t ReadCr3() {
  uint64_t value;
  asm volatile("movq %%cr3, %0" : "=r"(value) : : "memory");
  return value;
}
inline void WriteCr3(uint64_t value) {
  asm volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}
inline uint64_t ReadCr4() {
  uint64_t value;
  asm volatile("movq %%cr4, %0" : "=r"(value));
  return value;
}
inline void WriteCr4(uint64_t value) {
  asm volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}
inline void InvalidatePage(uint64_t address) {
  asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

inline uint64_t ReadTsc() { return __builtin_ia32_rdtsc(); }
inline void Pause() { __builtin_ia32_pause(); }

// Takes the interrupts that are pending, if any, and no more than those.
inline void InterruptWindow() {
  asm volatile("sti; nop; cli" : : : "memory", "cc");
}
[[noreturn]] inline void HaltForever() {
  for (;;) asm volatile("cli; hlt" : : : "memory");
}

// Copies and clears without the C library, whose own may not be ready, and
// without vector registers, which may be somebody else's.
inline void CopyBytes(void* to, const void* from, size_t bytes) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}
inline void FillWords(void* to, uint64_t word, size_t count) {
  asm volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(word) : "memory");
}
// REQUIRES: `bytes` is a multiple of eight.
inline void ClearWords(void* to, size_t bytes) { FillWords(to, 0, bytes / 8); }

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_CPU_INSTRUCTIONS_H_
