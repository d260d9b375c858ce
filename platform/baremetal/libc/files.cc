#include "platform/baremetal/libc/files.h"

#include <cerrno>
#include <mutex>

#include "core/base/spin_lock.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::machine {
namespace {

using Kind = OpenFile::Kind;

constexpr int kStoredMax = 32;
constexpr int kOpenMax = kDescriptorsMax;
constexpr int kConsoleDescriptors = 3;
constexpr char kMemoryFolder[] = "/tmp/";

struct Files {
  SpinLock lock;
  StoredFile stored[kStoredMax];
  OpenFile open[kOpenMax] = {
      {.kind = Kind::kConsole, .descriptors = kConsoleDescriptors}};
  // Index into `open`, plus one.
  uint8_t descriptors[kDescriptorsMax] = {1, 1, 1};
  int module_count = 0;
};
constinit Files files;

bool IsEqual(const char* a, const char* b) {
  for (; *a != '\0' && *a == *b; ++a, ++b) {
  }
  return *a == *b;
}

size_t Length(const char* text) {
  size_t bytes = 0;
  while (text[bytes] != '\0') ++bytes;
  return bytes;
}

bool BeginsWith(const char* text, const char* prefix) {
  for (; *prefix != '\0'; ++text, ++prefix) {
    if (*text != *prefix) return false;
  }
  return true;
}

StoredFile* NewStored(const char* name) {
  if (Length(name) >= StoredFile::kNameBytesMax) return nullptr;
  for (StoredFile& file : files.stored) {
    if (file.named || file.open_count != 0) continue;
    CopyBytes(file.name, name, Length(name) + 1);
    file.bytes = nullptr;
    file.size = 0;
    file.named = true;
    return &file;
  }
  return nullptr;
}

StoredFile* CreateInMemory(const char* name) {
  if (!BeginsWith(name, kMemoryFolder)) return nullptr;
  StoredFile* file = NewStored(name);
  if (file == nullptr) return nullptr;
  const uint64_t address = address_space.Reserve(
      StoredFile::kBytesMax, kSmallFrameBytes, kOnDemand);
  if (address == 0) {
    file->named = false;
    return nullptr;
  }
  file->bytes = reinterpret_cast<char*>(address);
  file->writable = true;
  return file;
}

// Once nothing refers to it.
void Forget(StoredFile& file) {
  if (file.named || file.open_count != 0 || !file.writable) return;
  address_space.Unreserve(reinterpret_cast<uint64_t>(file.bytes),
                          StoredFile::kBytesMax);
  file.writable = false;
}

void CloseLocked(uint64_t descriptor) {
  OpenFile& file = files.open[files.descriptors[descriptor] - 1];
  files.descriptors[descriptor] = 0;
  if (--file.descriptors != 0) return;
  if (file.stored != nullptr) {
    --file.stored->open_count;
    Forget(*file.stored);
  }
  file = OpenFile{};
}

// The lowest closed descriptor from `first` on; or kDescriptorsMax.
uint64_t LowestClosed(uint64_t first) {
  while (first < kDescriptorsMax && files.descriptors[first] != 0) ++first;
  return first;
}

int64_t Give(const OpenFile& file) {
  const uint64_t descriptor = LowestClosed(0);
  if (descriptor == kDescriptorsMax) return -EMFILE;
  for (int i = 0; i < kOpenMax; ++i) {
    if (files.open[i].kind != Kind::kClosed) continue;
    files.open[i] = file;
    files.open[i].descriptors = 1;
    if (file.stored != nullptr) ++file.stored->open_count;
    files.descriptors[descriptor] = static_cast<uint8_t>(i + 1);
    return static_cast<int64_t>(descriptor);
  }
  return -ENFILE;
}

}  // namespace

int64_t OpenFile::Read(void* to, uint64_t bytes) {
  if (kind != Kind::kStored) return 0;  // The end.
  const uint64_t left = offset < stored->size ? stored->size - offset : 0;
  if (bytes > left) bytes = left;
  CopyBytes(to, stored->bytes + offset, bytes);
  offset += bytes;
  return static_cast<int64_t>(bytes);
}

int64_t OpenFile::Write(const char* from, uint64_t bytes) {
  switch (kind) {
    case Kind::kConsole:
      ConsoleWriter().Bytes(from, bytes);
      return static_cast<int64_t>(bytes);
    case Kind::kHost:
      WriteHostFile(from, bytes);
      return static_cast<int64_t>(bytes);
    case Kind::kStored:
      if (!stored->writable) return -EBADF;
      if (bytes > StoredFile::kBytesMax - offset) return -ENOSPC;
      CopyBytes(stored->bytes + offset, from, bytes);
      offset += bytes;
      if (offset > stored->size) stored->size = offset;
      return static_cast<int64_t>(bytes);
    case Kind::kClosed:
      break;
  }
  return -EBADF;
}

OpenFile* FileOf(uint64_t descriptor) {
  if (descriptor >= kDescriptorsMax || files.descriptors[descriptor] == 0) {
    return nullptr;
  }
  return &files.open[files.descriptors[descriptor] - 1];
}

StoredFile* FindStored(const char* name) {
  for (StoredFile& file : files.stored) {
    if (file.named && IsEqual(file.name, name)) return &file;
  }
  return nullptr;
}

bool IsFolder(const char* name) {
  for (const char* folder : {"/", "/.", "/./", ".", "./", "/tmp", "/tmp/"}) {
    if (IsEqual(name, folder)) return true;
  }
  return false;
}

int64_t Open(const char* name, bool writes, bool creates, bool truncates) {
  std::scoped_lock guard(files.lock);
  if (writes && IsEqual(name, "/host")) return Give({.kind = Kind::kHost});
  StoredFile* stored = FindStored(name);
  if (stored == nullptr && creates) stored = CreateInMemory(name);
  if (stored == nullptr) return creates ? -EROFS : -ENOENT;
  if (writes && !stored->writable) return -EROFS;
  if (truncates && stored->writable) stored->size = 0;
  return Give({.kind = Kind::kStored, .stored = stored});
}

int64_t CloseDescriptor(uint64_t descriptor) {
  std::scoped_lock guard(files.lock);
  if (FileOf(descriptor) == nullptr) return -EBADF;
  CloseLocked(descriptor);
  return 0;
}

int64_t Duplicate(uint64_t descriptor, uint64_t wanted, bool exactly) {
  std::scoped_lock guard(files.lock);
  OpenFile* file = FileOf(descriptor);
  if (file == nullptr || wanted >= kDescriptorsMax) return -EBADF;
  if (exactly && wanted == descriptor) return static_cast<int64_t>(wanted);
  if (exactly && files.descriptors[wanted] != 0) CloseLocked(wanted);
  const uint64_t given = LowestClosed(wanted);
  if (given == kDescriptorsMax) return -EMFILE;
  files.descriptors[given] = files.descriptors[descriptor];
  ++file->descriptors;
  return static_cast<int64_t>(given);
}

int64_t Remove(const char* name) {
  std::scoped_lock guard(files.lock);
  StoredFile* stored = FindStored(name);
  if (stored == nullptr) return -ENOENT;
  if (!stored->writable) return -EROFS;
  stored->named = false;
  Forget(*stored);
  return 0;
}

void AddModuleFile(char* contents, size_t bytes) {
  constexpr int kModulesMax = 10;  // Named by one digit.
  if (files.module_count == kModulesMax) return;
  char name[] = "/module/0";
  name[sizeof(name) - 2] = static_cast<char>('0' + files.module_count++);
  AddFile(name, contents, bytes);
}

void AddFile(const char* name, char* contents, size_t bytes) {
  std::scoped_lock guard(files.lock);
  StoredFile* file = NewStored(name);
  if (file == nullptr) return;
  file->bytes = contents;
  file->size = bytes;
}

void WriteStandardOutput(const char* text, size_t bytes) {
  constexpr uint64_t kStandardOutput = 1;
  OpenFile* file = FileOf(kStandardOutput);
  if (file != nullptr) file->Write(text, bytes);
}

}  // namespace ebbrt::platform::machine
