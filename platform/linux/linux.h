#ifndef EBBRT_PLATFORM_LINUX_LINUX_H_
#define EBBRT_PLATFORM_LINUX_LINUX_H_
#include "platform/contract.h"
#include <time.h>
namespace ebbrt::platform {
inline constinit thread_local void* static_representatives[kStaticEbbNumbers] __attribute__((tls_model("initial-exec"))) = {};
struct Linux {
  static int RunNode(const NodeOptions&, const CoreProgram&);
  static uint32_t CoreCount() noexcept;
  static bool OnCore() noexcept;
  static CoreId CurrentCore() noexcept;
  static void Wake(CoreId) noexcept;
  static void Exit(int) noexcept;
  static bool ServiceInterrupts() { return false; }
  static bool Wait(Time);
  static Time Now() noexcept { timespec t; clock_gettime(CLOCK_MONOTONIC,&t); return Time(Duration(t.tv_sec*1000000000ll+t.tv_nsec)); }
  static Duration WallClock() noexcept { timespec t; clock_gettime(CLOCK_REALTIME,&t); return Duration(t.tv_sec*1000000000ll+t.tv_nsec); }
  static uint64_t Cycles() noexcept { return __builtin_ia32_rdtsc(); }
  static uint64_t CyclesPerSecond() noexcept { return 2600000000; }
  static void* Representative(EbbNumber n) noexcept { if (n < kStaticEbbNumbers) return static_representatives[n]; void* p; if (__builtin_constant_p(n)) asm volatile("movq %%gs:%c1,%0":"=r"(p):"i"((size_t)n*8)); else asm volatile("movq %%gs:(,%1,8),%0":"=r"(p):"r"((size_t)n)); return p; }
  static bool SetRepresentative(EbbNumber, void*) noexcept;
  static constexpr size_t kPageBytes = 4096;
  static void* ReservePages(size_t, size_t) noexcept;
  static void UnreservePages(void*, size_t) noexcept;
  static bool CommitPages(void*, size_t, uint32_t) noexcept;
  static void DecommitPages(void*, size_t) noexcept;
  static uint32_t NumaNodeCount() noexcept { return 1; }
  static uint32_t CurrentNumaNode() noexcept { return 0; }
  static void SetPageFaultHandler(bool (*)(void*)) noexcept;
  static void WriteConsole(std::string_view) noexcept;
  static void SetStopHandler(void (*)(void*), void*) noexcept {}
  static void FillEntropy(std::span<std::byte>) noexcept;
  static constexpr Feature kFeatures = Feature::kPageFaults;
};
static_assert(Platform<Linux>);
}
#endif
