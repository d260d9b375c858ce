// mmap and its relatives, and brk: memory comes with the first touch.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <mutex>

#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::machine {
namespace {

// The C library's own malloc is not in an image; what is left to brk is the
// thread's storage at the start.
constexpr uint64_t kBreakBytes = 64 * kMiB;

struct Break {
  SpinLock lock;
  uint64_t begin = 0;
  uint64_t current = 0;
};
constinit Break program_break;

constexpr uint64_t Pages(uint64_t bytes) {
  return (bytes + kSmallFrameBytes - 1) & ~(kSmallFrameBytes - 1);
}

int64_t Mmap(const Call& call) {
  const uint64_t bytes = Pages(call.b());
  const uint64_t flags = call.d();
  if (bytes == 0 || bytes < call.b()) return -EINVAL;
  if ((flags & MAP_ANONYMOUS) == 0) return -ENODEV;
  // A place of the caller's choice is nobody's need so far.
  if ((flags & MAP_FIXED) != 0) return -EINVAL;
  const uint64_t address =
      address_space.Reserve(bytes, kSmallFrameBytes,
                            call.c() == PROT_NONE ? kReserved : kOnDemand);
  return address == 0 ? -ENOMEM : static_cast<int64_t>(address);
}

bool IsReservation(uint64_t address, uint64_t bytes) {
  return address % kSmallFrameBytes == 0 && address >= kReservationsBegin &&
         bytes <= kReservationsEnd - kReservationsBegin &&
         address <= kReservationsEnd - bytes;
}

int64_t Munmap(const Call& call) {
  const uint64_t bytes = Pages(call.b());
  if (bytes == 0 || !IsReservation(call.a(), bytes)) return -EINVAL;
  address_space.Unreserve(call.a(), bytes);
  return 0;
}

int64_t Mprotect(const Call& call) {
  const uint64_t bytes = Pages(call.b());
  if (bytes == 0) return 0;
  if (!IsReservation(call.a(), bytes)) {
    // The C library's own data, once it is relocated: it may stay writable.
    return 0;
  }
  if ((call.c() & PROT_EXEC) != 0) return -EACCES;
  if (call.c() == PROT_NONE) {
    // The guard of a thread's stack: addresses that are nobody's.
    return address_space.ReserveAt(call.a(), bytes, kReserved) ? 0 : -ENOMEM;
  }
  if ((call.c() & PROT_WRITE) == 0) {
    return address_space.Protect(call.a(), bytes, false) ? 0 : -ENOMEM;
  }
  return address_space.Permit(call.a(), bytes) ? 0 : -ENOMEM;
}

int64_t Madvise(const Call& call) {
  const uint64_t bytes = Pages(call.b());
  if (call.c() == MADV_DONTNEED && bytes != 0 &&
      IsReservation(call.a(), bytes)) {
    address_space.Discard(call.a(), bytes);
  }
  return 0;
}

int64_t Brk(const Call& call) {
  std::scoped_lock guard(program_break.lock);
  Break& now = program_break;
  if (now.begin == 0) {
    now.begin = address_space.Reserve(kBreakBytes, kSmallFrameBytes, kOnDemand);
    now.current = now.begin;
  }
  if (call.a() >= now.begin && call.a() <= now.begin + kBreakBytes) {
    now.current = call.a();
  }
  return static_cast<int64_t>(now.current);
}

constexpr SystemCallEntry kCalls[] = {
    {SYS_mmap, Mmap},
    {SYS_munmap, Munmap},
    {SYS_mprotect, Mprotect},
    {SYS_madvise, Madvise},
    {SYS_brk, Brk},
    {SYS_mremap, [](const Call&) -> int64_t { return -ENOMEM; }},
};

}  // namespace

constinit const SystemCallGroup kMemoryCalls = {kCalls, std::size(kCalls)};

}  // namespace ebbrt::platform::machine
