// What the C library asks of the process, and of the machine that it runs on.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <atomic>
#include <limits>

#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "platform/baremetal/clock.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/entropy_pool.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/memory/frames.h"

namespace ebbrt::platform::machine {
namespace {

int64_t Zero(const Call&) { return 0; }

int64_t ExitProcess(const Call& call) {
  ExitMachine(static_cast<int>(call.a()));
}

// arch_prctl's codes, of asm/prctl.h.
constexpr uint64_t kSetFs = 0x1002;
constexpr uint64_t kGetFs = 0x1003;

int64_t ArchPrctl(const Call& call) {
  switch (call.a()) {
    case kSetFs:
      WriteMsr(Msr::kFsBase, call.b());
      return 0;
    case kGetFs:
      *Call::At<uint64_t>(call.b()) = ReadMsr(Msr::kFsBase);
      return 0;
    default:
      return -EINVAL;
  }
}

template <size_t kBytes>
void Put(char* to, const char (&text)[kBytes]) {
  CopyBytes(to, text, kBytes);
}

int64_t Uname(const Call& call) {
  auto& name = *Call::At<utsname>(call.a());
  Put(name.sysname, "Linux");  // Whose system calls these are.
  Put(name.nodename, "ebbrt");
  Put(name.release, "6.1.0");
  Put(name.version, "EbbRT");
  Put(name.machine, "x86_64");
  Put(name.domainname, "");
  return 0;
}

int64_t GetRandom(const Call& call) {
  FillEntropy(Call::At<void>(call.a()), call.b());
  return static_cast<int64_t>(call.b());
}

// Limits: none, but that a thread's stack is small unless asked for otherwise.
int64_t GetLimit(const Call& call) {
  if (call.d() == 0) return 0;
  auto& limit = *Call::At<rlimit>(call.d());
  limit.rlim_cur = call.b() == RLIMIT_STACK ? 1 * kMiB : RLIM_INFINITY;
  limit.rlim_max = RLIM_INFINITY;
  return 0;
}

int64_t GetUsage(const Call& call) {
  auto& usage = *Call::At<rusage>(call.b());
  ClearWords(&usage, sizeof(usage));
  const int64_t us = NowNs() / 1000;
  usage.ru_utime.tv_sec = us / 1000000;
  usage.ru_utime.tv_usec = us % 1000000;
  usage.ru_maxrss = static_cast<long>(
      (frames.total_bytes() - frames.free_bytes()) / 1024);
  return 0;
}

// struct sysinfo of linux/sysinfo.h.
int64_t SystemInformation(const Call& call) {
  struct Information {
    int64_t uptime_s;
    uint64_t loads[3];
    uint64_t total;
    uint64_t free;
    uint64_t others[4];
    uint16_t processes;
    uint16_t padding;
    uint64_t high[2];
    uint32_t unit;
  };
  auto& information = *Call::At<Information>(call.a());
  ClearWords(&information, sizeof(information) / 8 * 8);
  information.uptime_s = NowNs() / 1000000000;
  information.total = frames.total_bytes();
  information.free = frames.free_bytes();
  information.processes = 1;
  information.unit = 1;
  return 0;
}

constexpr SystemCallEntry kCalls[] = {
    {SYS_exit_group, ExitProcess},
    {SYS_arch_prctl, ArchPrctl},
    {SYS_uname, Uname},
    {SYS_getrandom, GetRandom},
    {SYS_prlimit64, GetLimit},
    {SYS_getrusage, GetUsage},
    {SYS_sysinfo, SystemInformation},
    {SYS_getpid, [](const Call&) -> int64_t { return 1; }},
    {SYS_getppid, Zero},
    {SYS_getuid, Zero},
    {SYS_geteuid, Zero},
    {SYS_getgid, Zero},
    {SYS_getegid, Zero},
    // Signals never come; whoever prepares for them may.
    {SYS_rt_sigaction, Zero},
    {SYS_rt_sigprocmask, Zero},
    {SYS_sigaltstack, Zero},
    {SYS_prctl, Zero},
};

constinit EntropyPool entropy_pool;
constinit SpinLock entropy_lock;
constinit std::atomic<bool> entropy_is_gathered{false};

// RDRAND fails for a while where it is asked too fast; Intel SDM 7.3.17.1.
// RDSEED does so more readily.
constexpr int kRandomTriesMax = 10;

[[gnu::target("rdseed")]] bool ReadSeed(uint64_t& number) {
  for (int i = 0; i < kRandomTriesMax; ++i) {
    unsigned long long value;
    if (__builtin_ia32_rdseed_di_step(&value) != 0) {
      number = value;
      return true;
    }
  }
  return false;
}

[[gnu::target("rdrnd")]] bool ReadRandom(uint64_t& number) {
  for (int i = 0; i < kRandomTriesMax; ++i) {
    unsigned long long value;
    if (__builtin_ia32_rdrand64_step(&value) != 0) {
      number = value;
      return true;
    }
  }
  return false;
}

bool HasSeed() {
  constexpr uint32_t kHasRdseed = 1u << 18;  // CPUID leaf 7, register b.
  return Cpuid(0).a >= 7 && (Cpuid(7).b & kHasRdseed) != 0;
}
bool HasRandom() {
  constexpr uint32_t kHasRdrand = 1u << 30;  // CPUID leaf 1, register c.
  return (Cpuid(1).c & kHasRdrand) != 0;
}

// Without an instruction for it: how long reading a device takes varies in
// its low bits. Each is good for a part of a bit, so there are many.
uint64_t GatherJitter() {
  constexpr int kReadings = 256;
  constexpr uint16_t kPitCounter = 0x40;
  uint64_t pool = ReadTsc();
  for (int i = 0; i < kReadings; ++i) {
    const uint64_t before = ReadTsc();
    In8(kPitCounter);
    pool = (pool << 7 | pool >> 57) ^ (ReadTsc() - before) ^ ReadTsc();
    pool *= 0x9e3779b97f4a7c15;
  }
  return pool;
}

}  // namespace

constinit const SystemCallGroup kProcessCalls = {kCalls, std::size(kCalls)};

void AddEntropy(const void* bytes, size_t count) {
  entropy_lock.lock();
  entropy_pool.Add(bytes, count);
  entropy_lock.unlock();
}

void FillEntropy(void* bytes, size_t count) {
  // As much as the pool holds; what is gathered slowly adds up in it.
  uint64_t fresh[4] = {};
  const bool has_seed = HasSeed();
  const bool has_random = HasRandom();
  for (uint64_t& number : fresh) {
    if (has_seed && ReadSeed(number)) continue;
    if (has_random && ReadRandom(number)) continue;
    number = GatherJitter();
    // One a call is what it may take, once the pool has some.
    if (entropy_is_gathered.load(std::memory_order_relaxed)) break;
  }
  entropy_is_gathered.store(true, std::memory_order_relaxed);
  entropy_lock.lock();
  entropy_pool.Add(fresh, sizeof(fresh));
  entropy_pool.Fill(bytes, count);
  entropy_lock.unlock();
}

}  // namespace ebbrt::platform::machine
