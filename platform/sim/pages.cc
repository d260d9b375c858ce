// Pages are the host's: real memory, mapped where it is committed.
#include <cstddef>
#include <cstdint>

#include <sys/mman.h>

#include "platform/sim/sim.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

void* Sim::ReservePages(size_t bytes, size_t alignment) noexcept {
  // As much more as it takes to cut an aligned range out.
  size_t extra = alignment > kPageBytes ? alignment - kPageBytes : 0;
  if (bytes + extra < bytes) return nullptr;
  void* mapped = mmap(nullptr, bytes + extra, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  std::byte* start = static_cast<std::byte*>(mapped);
  size_t skipped = -reinterpret_cast<size_t>(start) & (alignment - 1);
  if (skipped != 0) munmap(start, skipped);
  if (skipped != extra) munmap(start + skipped + bytes, extra - skipped);
  return start + skipped;
}

void Sim::UnreservePages(void* address, size_t bytes) noexcept {
  munmap(address, bytes);
}

bool Sim::CommitPages(void* address, size_t bytes, uint32_t) noexcept {
  // Only where a node runs on this thread: its allocator's other threads are
  // no part of the history.
  if (Simulation::current != nullptr && Simulation::current->RefusesCommit()) {
    return false;
  }
  return mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
}

void Sim::DecommitPages(void* address, size_t bytes) noexcept {
  madvise(address, bytes, MADV_DONTNEED);
  mprotect(address, bytes, PROT_NONE);
}

}  // namespace ebbrt::platform
