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
  // It looks at `asked` when it comes back.
  std::atomic<bool> forgets_later{false};
};
constinit Request requests[kProcessorsMax];

constinit std::atomic<uint64_t> epoch{0};

// Whom the shootdown under way waits for, a bit a processor.
constinit uint64_t told[kProcessorsMax / 64];

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

uint64_t TranslationEpoch() {
  // Relaxed: who gets memory anew learns with it of what happened before.
  return epoch.load(std::memory_order_relaxed);
}

void ForgetTranslations(uint64_t address, uint64_t bytes) {
  epoch.fetch_add(1, std::memory_order_relaxed);
  ForgetHere(address, bytes);
  // Acquire: whoever has come up since has loaded the table as it is.
  const uint32_t count = processor_count.load(std::memory_order_acquire);
  if (count <= 1) return;
  const uint32_t self = CurrentProcessor().index;
  for (uint32_t i = 0; i < count; ++i) {
    if (i == self) continue;
    // Sequentially consistent, as are ~ForgetsLater's: one of the two sees what
    // the other has written. Also release: the table has been changed.
    requests[i].asked.fetch_add(1, std::memory_order_seq_cst);
    told[i / 64] &= ~(uint64_t{1} << i % 64);
    if (requests[i].forgets_later.load(std::memory_order_seq_cst)) continue;
    told[i / 64] |= uint64_t{1} << i % 64;
    SendNmi(ProcessorAt(i).apic_id);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (i == self || (told[i / 64] >> i % 64 & 1) == 0) continue;
    const uint64_t asked = requests[i].asked.load(std::memory_order_relaxed);
    // Acquire: its reads through the old entries are over.
    while (requests[i].done.load(std::memory_order_acquire) != asked) Pause();
  }
}

bool HandleShootdown() {
  Request& request = requests[CurrentProcessor().index];
  uint64_t done = request.done.load(std::memory_order_relaxed);
  // Acquire: what is read anew is the changed table. Sequentially consistent,
  // for ~ForgetsLater.
  const uint64_t asked = request.asked.load(std::memory_order_seq_cst);
  if (done == asked) return false;
  WriteCr3(ReadCr3());
  // Unless an NMI has come meanwhile, perhaps for a later request. Release: our
  // reads through old entries are over.
  request.done.compare_exchange_strong(done, asked, std::memory_order_release,
                                       std::memory_order_relaxed);
  return true;
}

ForgetsLater::ForgetsLater() {
  // Release: its reads through old entries are over.
  requests[CurrentProcessor().index].forgets_later.store(
      true, std::memory_order_release);
}

ForgetsLater::~ForgetsLater() {
  requests[CurrentProcessor().index].forgets_later.store(
      false, std::memory_order_seq_cst);
  HandleShootdown();
}

}  // namespace ebbrt::platform::machine
