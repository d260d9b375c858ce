// The calls that work on files (files.h).
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <iterator>

#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/libc/files.h"
#include "platform/baremetal/libc/system_calls.h"

namespace ebbrt::platform::machine {
namespace {

using Kind = OpenFile::Kind;

int64_t OpenAt(const Call& call) {
  const uint64_t flags = call.c();
  return Open(Call::At<const char>(call.b()), (flags & O_ACCMODE) != O_RDONLY,
              (flags & O_CREAT) != 0, (flags & O_TRUNC) != 0);
}

int64_t Close(const Call& call) { return CloseDescriptor(call.a()); }

int64_t Read(const Call& call) {
  OpenFile* file = FileOf(call.a());
  if (file == nullptr) return -EBADF;
  return file->Read(Call::At<void>(call.b()), call.c());
}

int64_t Write(const Call& call) {
  OpenFile* file = FileOf(call.a());
  if (file == nullptr) return -EBADF;
  return file->Write(Call::At<const char>(call.b()), call.c());
}

// The parts of a vector, one after the other, as far as they are done whole.
template <typename Function>
int64_t ForEachPart(const Call& call, const Function& transfer) {
  OpenFile* file = FileOf(call.a());
  if (file == nullptr) return -EBADF;
  const auto* parts = Call::At<const iovec>(call.b());
  int64_t total = 0;
  for (uint64_t i = 0; i < call.c(); ++i) {
    const int64_t done = transfer(*file, parts[i]);
    if (done < 0) return total > 0 ? total : done;
    total += done;
    if (static_cast<uint64_t>(done) < parts[i].iov_len) break;
  }
  return total;
}

int64_t ReadVector(const Call& call) {
  return ForEachPart(call, [](OpenFile& file, const iovec& part) {
    return file.Read(part.iov_base, part.iov_len);
  });
}

int64_t WriteVector(const Call& call) {
  OpenFile* file = FileOf(call.a());
  if (file != nullptr && file->kind == Kind::kConsole) {
    // As one, between what others write.
    ConsoleWriter writer;
    return ForEachPart(call, [&](OpenFile&, const iovec& part) {
      writer.Bytes(static_cast<const char*>(part.iov_base), part.iov_len);
      return static_cast<int64_t>(part.iov_len);
    });
  }
  return ForEachPart(call, [](OpenFile& to, const iovec& part) {
    return to.Write(static_cast<const char*>(part.iov_base), part.iov_len);
  });
}

int64_t Seek(const Call& call) {
  OpenFile* file = FileOf(call.a());
  if (file == nullptr) return -EBADF;
  if (file->kind != Kind::kStored) return -ESPIPE;
  int64_t base = 0;
  if (call.c() == SEEK_CUR) base = static_cast<int64_t>(file->offset);
  if (call.c() == SEEK_END) base = static_cast<int64_t>(file->stored->size);
  const int64_t offset = base + static_cast<int64_t>(call.b());
  if (offset < 0 ||
      offset > static_cast<int64_t>(StoredFile::kBytesMax)) {
    return -EINVAL;
  }
  file->offset = static_cast<uint64_t>(offset);
  return offset;
}

void DescribeStored(const StoredFile& file, struct stat& status) {
  ClearWords(&status, sizeof(status));
  status.st_nlink = 1;
  status.st_blksize = 4096;
  status.st_mode = S_IFREG | (file.writable ? 0644 : 0444);
  status.st_size = static_cast<off_t>(file.size);
}

int64_t Describe(const OpenFile* file, uint64_t address) {
  if (file == nullptr) return -EBADF;
  auto& status = *Call::At<struct stat>(address);
  if (file->kind == Kind::kStored) {
    DescribeStored(*file->stored, status);
    return 0;
  }
  ClearWords(&status, sizeof(status));
  status.st_nlink = 1;
  status.st_mode = S_IFCHR | 0666;
  status.st_rdev = 0x0440;  // A serial line.
  return 0;
}

int64_t StatFile(const Call& call) {
  return Describe(FileOf(call.a()), call.b());
}

int64_t StatAt(const Call& call) {
  const char* name = Call::At<const char>(call.b());
  if (*name == '\0') return Describe(FileOf(call.a()), call.c());
  auto& status = *Call::At<struct stat>(call.c());
  if (IsFolder(name)) {
    ClearWords(&status, sizeof(status));
    status.st_nlink = 1;
    status.st_mode = S_IFDIR | 0755;
    return 0;
  }
  const StoredFile* stored = FindStored(name);
  if (stored == nullptr) return -ENOENT;
  DescribeStored(*stored, status);
  return 0;
}

int64_t Control(const Call& call) {
  return FileOf(call.a()) == nullptr ? -EBADF : -ENOTTY;
}

int64_t DescriptorControl(const Call& call) {
  if (FileOf(call.a()) == nullptr) return -EBADF;
  switch (call.b()) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      return Duplicate(call.a(), call.c(), /*exactly=*/false);
    case F_GETFL:
      return O_RDWR;
    default:
      return 0;
  }
}

int64_t NoSuchFile(const Call&) { return -ENOENT; }
int64_t ReadOnly(const Call&) { return -EROFS; }

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
    {SYS_dup,
     [](const Call& call) { return Duplicate(call.a(), 0, false); }},
    {SYS_dup2,
     [](const Call& call) { return Duplicate(call.a(), call.b(), true); }},
    {SYS_dup3,
     [](const Call& call) { return Duplicate(call.a(), call.b(), true); }},
    {SYS_unlink,
     [](const Call& call) { return Remove(Call::At<const char>(call.a())); }},
    {SYS_unlinkat,
     [](const Call& call) { return Remove(Call::At<const char>(call.b())); }},
    {SYS_readlink, NoSuchFile},
    {SYS_readlinkat, NoSuchFile},
    {SYS_access, NoSuchFile},
    {SYS_mkdir, ReadOnly},
    {SYS_getcwd,
     [](const Call& call) -> int64_t {
       if (call.b() < 2) return -ERANGE;
       CopyBytes(Call::At<char>(call.a()), "/", 2);
       return 2;
     }},
};

}  // namespace

constinit const SystemCallGroup kFileCalls = {kCalls, std::size(kCalls)};

}  // namespace ebbrt::platform::machine
