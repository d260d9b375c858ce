// Included before everything in the machine's own code, by the build.
//
// The compiler makes calls of these four where it likes. The C library's are
// chosen when it starts, and use vector registers: the machine has its own.
#ifndef EBBRT_PLATFORM_BAREMETAL_FREESTANDING_H_
#define EBBRT_PLATFORM_BAREMETAL_FREESTANDING_H_

#ifdef __cplusplus  // Assembly is compiled alike.
extern "C" {
void* memcpy(void* to, const void* from,
             decltype(sizeof(0)) bytes) noexcept asm("machine_memcpy");
void* memmove(void* to, const void* from,
              decltype(sizeof(0)) bytes) noexcept asm("machine_memmove");
void* memset(void* to, int value,
             decltype(sizeof(0)) bytes) noexcept asm("machine_memset");
int memcmp(const void* a, const void* b,
           decltype(sizeof(0)) bytes) noexcept asm("machine_memcmp");
}
#endif

#endif  // EBBRT_PLATFORM_BAREMETAL_FREESTANDING_H_
