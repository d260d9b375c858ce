// Pages from mmap.
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "platform/linux/linux.h"

namespace ebbrt::platform {
namespace {

constexpr size_t kLargePageBytes = 2 * kMiB;
constexpr uint32_t kNumaNodesMax = 64;  // The bits of the mask given to mbind.

bool IsMultiple(const void* address, size_t bytes, size_t of) {
  return ((reinterpret_cast<uintptr_t>(address) | bytes) & (of - 1)) == 0;
}

// The list of nodes reads "0" or "0-1" or "0,2-3"; the last number counts.
// Called from within malloc, so it neither allocates nor uses stdio.
uint32_t ReadNumaNodeCount() {
  int file = open("/sys/devices/system/node/online", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 1;
  char text[256];
  ssize_t length = read(file, text, sizeof(text));
  close(file);
  uint32_t last = 0;
  for (ssize_t i = 0; i < length; ++i) {
    bool digit = text[i] >= '0' && text[i] <= '9';
    bool begins = i == 0 || text[i - 1] < '0' || text[i - 1] > '9';
    if (digit) last = (begins ? 0 : last * 10) + (text[i] - '0');
  }
  return last < kNumaNodesMax ? last + 1 : kNumaNodesMax;
}

}  // namespace

void* Linux::ReservePages(size_t bytes, size_t alignment) noexcept {
  EBBRT_DCHECK((alignment & (alignment - 1)) == 0);
  // More than needed, so that an aligned range is in it; the rest goes back.
  const size_t spare = alignment > kPageBytes ? alignment - kPageBytes : 0;
  if (bytes == 0 || bytes + spare < bytes) return nullptr;
  void* mapping = mmap(nullptr, bytes + spare, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  const auto begin = reinterpret_cast<uintptr_t>(mapping);
  const uintptr_t aligned = (begin + spare) & ~(spare == 0 ? 0 : alignment - 1);
  const size_t before = aligned - begin;
  if (before != 0) munmap(mapping, before);
  if (before != spare) {
    munmap(reinterpret_cast<void*>(aligned + bytes), spare - before);
  }
  return reinterpret_cast<void*>(aligned);
}

void Linux::UnreservePages(void* address, size_t bytes) noexcept {
  EBBRT_CHECK(munmap(address, bytes) == 0);
}

bool Linux::CommitPages(void* address, size_t bytes, uint32_t node) noexcept {
  EBBRT_DCHECK(IsMultiple(address, bytes, kPageBytes));
  if (mprotect(address, bytes, PROT_READ | PROT_WRITE) != 0) return false;
  if (NumaNodeCount() > 1) {
    // A preference: memory of another node is better than none.
    const uint64_t nodes = uint64_t{1} << node;
    syscall(SYS_mbind, address, bytes, MPOL_PREFERRED, &nodes,
            kNumaNodesMax + 1, 0);
  }
  if (IsMultiple(address, bytes, kLargePageBytes)) {
    madvise(address, bytes, MADV_HUGEPAGE);
  }
  return true;
}

void Linux::DecommitPages(void* address, size_t bytes) noexcept {
  EBBRT_DCHECK(IsMultiple(address, bytes, kPageBytes));
  madvise(address, bytes, MADV_DONTNEED);
  // This fails where the process has too many mappings; then the pages read as
  // zero in place of faulting, and the memory has gone back all the same.
  mprotect(address, bytes, PROT_NONE);
}

uint32_t Linux::NumaNodeCount() noexcept {
  // Relaxed: whoever comes first finds the same.
  static constinit std::atomic<uint32_t> count{0};
  uint32_t known = count.load(std::memory_order_relaxed);
  if (known == 0) {
    known = ReadNumaNodeCount();
    count.store(known, std::memory_order_relaxed);
  }
  return known;
}

uint32_t Linux::CurrentNumaNode() noexcept {
  if (OnCore()) return internal::thread_state.numa_node;
  unsigned processor = 0;
  unsigned node = 0;
  return getcpu(&processor, &node) == 0 ? node : 0;
}

}  // namespace ebbrt::platform
