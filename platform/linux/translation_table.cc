#include "platform/linux/translation_table.h"

#include <asm/prctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "platform/linux/core.h"
#include "platform/linux/linux.h"

namespace ebbrt::platform {
namespace internal {
namespace {

// What a thread that is no core sees: the static numbers, all null.
constinit void* const no_representatives[kStaticEbbNumbers] = {};

// Once a thread; so arch_prctl, which every kernel has, will do, and
// FSGSBASE's instruction would gain nothing.
void SetGsBase(const void* base) { syscall(SYS_arch_prctl, ARCH_SET_GS, base); }

// Threads inherit %gs from who makes them. With this, code that is compiled
// without optimisation, where no number is a constant, may ask for a static
// number off a core too.
[[gnu::constructor(101)]] void SetInitialGsBase() {
  SetGsBase(no_representatives);
}

constexpr size_t kBitsPerWord = 64;

}  // namespace

TranslationTable::~TranslationTable() {
  if (entries_ != nullptr) munmap(entries_, kBytes + kChunks / 8);
}

bool TranslationTable::Map() {
  void* mapping = mmap(nullptr, kBytes + kChunks / 8, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return false;
  entries_ = static_cast<void**>(mapping);
  writable_ = reinterpret_cast<uint64_t*>(entries_ + kEntries);
  // A large page would make reads of a sparse table expensive in memory.
  madvise(mapping, kBytes, MADV_NOHUGEPAGE);
  return mprotect(writable_, kChunks / 8, PROT_READ | PROT_WRITE) == 0;
}

void TranslationTable::Enter() { SetGsBase(entries_); }

void TranslationTable::Leave() { SetGsBase(no_representatives); }

bool TranslationTable::CommitChunk(size_t chunk) {
  void** first = entries_ + chunk * kEntriesPerChunk;
  if (mprotect(first, kChunkBytes, PROT_READ | PROT_WRITE) != 0) return false;
#if defined(MADV_POPULATE_WRITE)
  // Has the memory refused here rather than by a signal at the first write.
  // (A kernel before 5.14 does not know it.)
  if (madvise(first, kChunkBytes, MADV_POPULATE_WRITE) != 0 &&
      errno != EINVAL) {
    return false;
  }
#endif
  writable_[chunk / kBitsPerWord] |= uint64_t{1} << chunk % kBitsPerWord;
  return true;
}

bool TranslationTable::Set(EbbNumber number, void* representative) {
  size_t chunk = number / kEntriesPerChunk;
  bool writable =
      (writable_[chunk / kBitsPerWord] >> chunk % kBitsPerWord & 1) != 0;
  if (!writable) {
    if (representative == nullptr) return true;
    if (!CommitChunk(chunk)) return false;
  }
  entries_[number] = representative;
  return true;
}

}  // namespace internal

bool Linux::SetRepresentative(EbbNumber number,
                              void* representative) noexcept {
  internal::ThreadState& thread = internal::thread_state;
  if (!thread.core->translation.Set(number, representative)) return false;
  if (number < kStaticEbbNumbers) {
    thread.static_representatives[number] = representative;
  }
  return true;
}

}  // namespace ebbrt::platform
