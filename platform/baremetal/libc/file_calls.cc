// Files: the console, the modules that the loader brought (/module/0, ...), a
// file on the host (/host), and what libraries look for in /proc.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "core/base/spin_lock.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/libc/system_calls.h"

namespace ebbrt::platform::machine {
namespace {

constexpr int kFirstFile = 3;
constexpr int kFilesMax = 16;
constexpr int kModulesMax = 10;  // Named by one digit.

enum class Kind : uint8_t { kClosed, kConsole, kContents, kHost };

struct File {
  Kind kind = Kind::kClosed;
  const char* contents = nullptr;
  uint64_t bytes = 0;
  uint64_t offset = 0;
};

struct Files {
  SpinLock lock;
  File open[kFilesMax];
  File modules[kModulesMax];
  int module_count = 0;
};
constinit Files files;

bool IsEqual(const char* a, const char* b) {
  for (; *a != '\0' && *a == *b; ++a, ++b) {
  }
  return *a == *b;
}

// The file of a name, or one that is closed.
File Find(const char* name, bool writes) {
  if (IsEqual(name, "/host") && writes) return {.kind = Kind::kHost};
  constexpr char kModule[] = "/module/";
  constexpr size_t kLength = sizeof(kModule) - 1;
  for (size_t i = 0; i < kLength; ++i) {
    if (name[i] != kModule[i]) return {};
  }
  const int index = name[kLength] - '0';
  const bool named = index >= 0 && index < files.module_count &&
                     name[kLength + 1] == '\0' && !writes;
  return named ? files.modules[index] : File{};
}

File* FileAt(uint64_t descriptor) {
  static constinit File console = {.kind = Kind::kConsole};
  if (descriptor < kFirstFile) return &console;
  if (descriptor >= kFirstFile + kFilesMax) return nullptr;
  File& file = files.open[descriptor - kFirstFile];
  return file.kind == Kind::kClosed ? nullptr : &file;
}

int64_t OpenAt(const Call& call) {
  const bool writes = (call.c() & O_ACCMODE) != O_RDONLY;
  File found = Find(Call::At<const char>(call.b()), writes);
  if (found.kind == Kind::kClosed) return -ENOENT;
  files.lock.lock();
  int64_t result = -EMFILE;
  for (int i = 0; i < kFilesMax && result < 0; ++i) {
    if (files.open[i].kind != Kind::kClosed) continue;
    files.open[i] = found;
    result = kFirstFile + i;
  }
  files.lock.unlock();
  return result;
}

int64_t Close(const Call& call) {
  File* file = FileAt(call.a());
  if (file == nullptr) return -EBADF;
  if (file->kind != Kind::kConsole) file->kind = Kind::kClosed;
  return 0;
}

int64_t ReadInto(File& file, void* to, uint64_t bytes) {
  if (file.kind != Kind::kContents) return 0;  // The end.
  const uint64_t left = file.bytes - file.offset;
  if (bytes > left) bytes = left;
  CopyBytes(to, file.contents + file.offset, bytes);
  file.offset += bytes;
  return static_cast<int64_t>(bytes);
}

int64_t Read(const Call& call) {
  File* file = FileAt(call.a());
  if (file == nullptr) return -EBADF;
  return ReadInto(*file, Call::At<void>(call.b()), call.c());
}

int64_t ReadVector(const Call& call) {
  File* file = FileAt(call.a());
  if (file == nullptr) return -EBADF;
  const auto* parts = Call::At<const iovec>(call.b());
  int64_t total = 0;
  for (uint64_t i = 0; i < call.c(); ++i) {
    total += ReadInto(*file, parts[i].iov_base, parts[i].iov_len);
  }
  return total;
}

int64_t WriteVector(const Call& call) {
  File* file = FileAt(call.a());
  if (file == nullptr || file->kind == Kind::kContents) return -EBADF;
  const auto* parts = Call::At<const iovec>(call.b());
  int64_t total = 0;
  auto write_all = [&](auto&& write) {
    for (uint64_t i = 0; i < call.c(); ++i) {
      write(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
      total += static_cast<int64_t>(parts[i].iov_len);
    }
  };
  if (file->kind == Kind::kHost) {
    write_all(WriteHostFile);
  } else {
    ConsoleWriter writer;
    write_all([&](const char* text, size_t bytes) {
      writer.Bytes(text, bytes);
    });
  }
  return total;
}

int64_t Write(const Call& call) {
  const iovec part = {Call::At<void>(call.b()), call.c()};
  ThreadFrame frame = call.frame;
  frame.rsi = reinterpret_cast<uint64_t>(&part);
  frame.rdx = 1;
  return WriteVector(Call{frame});
}

int64_t Seek(const Call& call) {
  File* file = FileAt(call.a());
  if (file == nullptr) return -EBADF;
  if (file->kind != Kind::kContents) return -ESPIPE;
  const auto offset = static_cast<int64_t>(call.b());
  const auto bytes = static_cast<int64_t>(file->bytes);
  const int64_t base = call.c() == SEEK_SET   ? 0
                       : call.c() == SEEK_CUR ? static_cast<int64_t>(
                                                    file->offset)
                                              : bytes;
  if (base + offset < 0 || base + offset > bytes) return -EINVAL;
  file->offset = static_cast<uint64_t>(base + offset);
  return static_cast<int64_t>(file->offset);
}

void Describe(const File& file, struct stat& status) {
  ClearWords(&status, sizeof(status));
  status.st_nlink = 1;
  status.st_blksize = 4096;
  if (file.kind == Kind::kContents) {
    status.st_mode = S_IFREG | 0444;
    status.st_size = static_cast<off_t>(file.bytes);
  } else {
    status.st_mode = S_IFCHR | 0666;
    status.st_rdev = 0x0440;  // A serial line.
  }
}

int64_t StatFile(const Call& call) {
  File* file = FileAt(call.a());
  if (file == nullptr) return -EBADF;
  Describe(*file, *Call::At<struct stat>(call.b()));
  return 0;
}

int64_t StatAt(const Call& call) {
  const char* name = Call::At<const char>(call.b());
  if (*name == '\0') {
    ThreadFrame frame = call.frame;
    frame.rsi = call.c();
    return StatFile(Call{frame});
  }
  File found = Find(name, false);
  if (found.kind == Kind::kClosed) return -ENOENT;
  Describe(found, *Call::At<struct stat>(call.c()));
  return 0;
}

int64_t Control(const Call& call) {
  return FileAt(call.a()) == nullptr ? -EBADF : -ENOTTY;
}

int64_t DescriptorControl(const Call& call) {
  if (FileAt(call.a()) == nullptr) return -EBADF;
  return call.b() == F_GETFL ? O_RDWR : 0;
}

constexpr SystemCallEntry kCalls[] = {
    {SYS_openat, OpenAt},
    {SYS_close, Close},
    {SYS_read, Read},
    {SYS_readv, ReadVector},
    {SYS_write, Write},
    {SYS_writev, WriteVector},
    {SYS_lseek, Seek},
    {SYS_fstat, StatFile},
    {SYS_newfstatat, StatAt},
    {SYS_ioctl, Control},
    {SYS_fcntl, DescriptorControl},
    {SYS_readlink, [](const Call&) -> int64_t { return -ENOENT; }},
    {SYS_readlinkat, [](const Call&) -> int64_t { return -ENOENT; }},
    {SYS_access, [](const Call&) -> int64_t { return -ENOENT; }},
    {SYS_mkdir, [](const Call&) -> int64_t { return -EROFS; }},
    {SYS_unlink, [](const Call&) -> int64_t { return -EROFS; }},
    {SYS_getcwd,
     [](const Call& call) -> int64_t {
       if (call.b() < 2) return -ERANGE;
       CopyBytes(Call::At<char>(call.a()), "/", 2);
       return 2;
     }},
};

}  // namespace

constinit const SystemCallGroup kFileCalls = {kCalls, std::size(kCalls)};

void AddModuleFile(const char* contents, size_t bytes) {
  if (files.module_count == kModulesMax) return;
  files.modules[files.module_count++] = {
      .kind = Kind::kContents, .contents = contents, .bytes = bytes};
}

}  // namespace ebbrt::platform::machine
