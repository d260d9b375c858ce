// A core's table of representatives: 2^32 entries, almost all of which are
// nowhere.
//
//   %gs -> [0] [1] ... [n] ...            32 GiB of addresses
//          |-- chunk --|-- chunk --| ...  64 KiB each
//
// All of it can be read: an entry that was never set reads as null from the
// kernel's page of zeros, which costs no memory. A chunk becomes writable, and
// gets memory, when one of its entries is first set.
//
// Cores: its own. Ownership: of its mapping. Blocks: no.
// Allocates: address space; a chunk's pages.
// Errors: Set is false where memory is refused.
#ifndef EBBRT_PLATFORM_LINUX_TRANSLATION_TABLE_H_
#define EBBRT_PLATFORM_LINUX_TRANSLATION_TABLE_H_

#include <cstddef>
#include <cstdint>

#include "core/base/types.h"
#include "platform/contract.h"

namespace ebbrt::platform::internal {

class TranslationTable {
 public:
  TranslationTable() = default;
  ~TranslationTable();
  TranslationTable(const TranslationTable&) = delete;
  TranslationTable& operator=(const TranslationTable&) = delete;

  // Maps it. False, with errno set, where that is refused.
  bool Map();
  // Makes it what the calling thread sees through %gs.
  void Enter();
  // The thread sees no table any more: static numbers read as null.
  static void Leave();

  bool Set(EbbNumber number, void* representative);

 private:
  static constexpr size_t kEntries = size_t{1} << 32;
  static constexpr size_t kBytes = kEntries * sizeof(void*);
  static constexpr size_t kChunkBytes = 64 * kKiB;
  static constexpr size_t kEntriesPerChunk = kChunkBytes / sizeof(void*);
  static constexpr size_t kChunks = kBytes / kChunkBytes;

  bool CommitChunk(size_t chunk);

  void** entries_ = nullptr;
  // One bit a chunk: whether it is writable. Behind the entries, in the same
  // mapping.
  uint64_t* writable_ = nullptr;
};

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_LINUX_TRANSLATION_TABLE_H_
