// Files: the console, the modules that the loader brought (/module/0, ...), a
// file on the host (/host), files of memory below /tmp, and what AddFile adds.
//
// Cores: any; a descriptor is used from one at a time, as on Linux it has to
// be where order matters. Ownership: the machine's. Blocks: for the console.
// Allocates: addresses, and frames as a file of memory grows.
// Bound: as the constants say. Errors: minus an errno.
#ifndef EBBRT_PLATFORM_BAREMETAL_LIBC_FILES_H_
#define EBBRT_PLATFORM_BAREMETAL_LIBC_FILES_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::machine {

// What a name stands for: bytes in memory.
struct StoredFile {
  static constexpr size_t kNameBytesMax = 96;
  static constexpr uint64_t kBytesMax = uint64_t{64} << 20;

  char name[kNameBytesMax] = {};
  char* bytes = nullptr;
  uint64_t size = 0;
  bool writable = false;
  bool named = false;      // It can be opened.
  uint32_t open_count = 0;
};

// What open gives: a place in a stored file, or a stream.
struct OpenFile {
  enum class Kind : uint8_t { kClosed, kConsole, kHost, kStored };

  Kind kind = Kind::kClosed;
  StoredFile* stored = nullptr;
  uint64_t offset = 0;
  uint32_t descriptors = 0;  // That refer to it.

  int64_t Read(void* to, uint64_t bytes);
  int64_t Write(const char* from, uint64_t bytes);
};

inline constexpr int kDescriptorsMax = 64;

// Null if it is closed.
OpenFile* FileOf(uint64_t descriptor);
// A descriptor, the lowest that is closed, or minus an errno. `creates` and
// `truncates` are for files of memory.
int64_t Open(const char* name, bool writes, bool creates, bool truncates);
int64_t CloseDescriptor(uint64_t descriptor);
// A second descriptor for the same open file: `wanted`, or the lowest from
// there on (`exactly` false).
int64_t Duplicate(uint64_t descriptor, uint64_t wanted, bool exactly);
int64_t Remove(const char* name);
// Whether it is where names begin, or files of memory are.
bool IsFolder(const char* name);
// Null if there is none of that name.
StoredFile* FindStored(const char* name);

// Makes the next module's contents a file, for reading.
void AddModuleFile(char* contents, size_t bytes);
// A file of that name and contents, for reading.
void AddFile(const char* name, char* contents, size_t bytes);

// To descriptor 1, wherever that leads.
void WriteStandardOutput(const char* text, size_t bytes);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_LIBC_FILES_H_
