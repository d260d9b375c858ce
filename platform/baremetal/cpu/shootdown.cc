#include "platform/baremetal/cpu/shootdown.h"

#include <atomic>

#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/cpu/processor.h"

namespace ebbrt::platform::machine {
namespace {

// Beyond so many pages it is cheaper to forget all.
constexpr uint64_t kPagesMax = 32;

// How often each processor has been asked, and has done it.
struct alignas(kNoSharingBytes) Request {
  std::atomic<uint64_t> asked{0};
  std::atomic<uint64_t> done{0};
};
constinit Request requests[kProcessorsMax];

// Pages that are global stay when CR3 is written: they are physical memory's,
// which is never taken away.
void ForgetHere(uint64_t address, uint64_t bytes) {
  if (bytes > kPagesMax * kSmallFrameBytes) {
    WriteCr3(ReadCr3());
    return;
  }
  for (uint64_t page = address; page < address + bytes;
       page += kSmallFrameBytes) {
    InvalidatePage(page);
  }
}

}  // namespace

void ForgetTranslations(uint64_t address, uint64_t bytes) {
  ForgetHere(address, bytes);
  // Acquire: whoever has come up since has loaded the table as it is.
  const uint32_t count = processor_count.load(std::memory_order_acquire);
  if (count <= 1) return;
  const uint32_t self = CurrentProcessor().index;
  for (uint32_t i = 0; i < count; ++i) {
    if (i == self) continue;
    // Release: the table has been changed.
    requests[i].asked.fetch_add(1, std::memory_order_release);
    SendNmi(ProcessorAt(i).apic_id);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (i == self) continue;
    const uint64_t asked = requests[i].asked.load(std::memory_order_relaxed);
    // Acquire: its reads through the old entries are over.
    while (requests[i].done.load(std::memory_order_acquire) != asked) Pause();
  }
}

bool HandleShootdown() {
  Request& request = requests[CurrentProcessor().index];
  const uint64_t asked = request.asked.load(std::memory_order_acquire);
  if (request.done.load(std::memory_order_relaxed) == asked) return false;
  WriteCr3(ReadCr3());
  request.done.store(asked, std::memory_order_release);
  return true;
}

}  // namespace ebbrt::platform::machine
