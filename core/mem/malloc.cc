// The C and C++ names of the allocator, which replace those of the system in
// every program that is linked with this file.
//
// Errors: as ISO C 7.24.3, POSIX and [new.delete] say.
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>

#include "core/base/types.h"
#include "core/mem/allocator.h"

namespace {

namespace mem = ebbrt::mem;

// For std::aligned_alloc and its relatives: null, with errno, for an alignment
// that is none.
void* AlignedOrErrno(size_t alignment, size_t bytes) {
  if (!std::has_single_bit(alignment)) {
    errno = EINVAL;
    return nullptr;
  }
  void* object = mem::AllocateAligned(bytes, alignment);
  if (object == nullptr) errno = ENOMEM;
  return object;
}

[[gnu::cold, gnu::noinline]] void* OutOfMemory() noexcept {
  errno = ENOMEM;
  return nullptr;
}

// The slow ways are tail calls, so that the fast ones need no stack frame.
[[gnu::noinline]] void* MallocSlow(size_t bytes) noexcept {
  void* object = mem::internal::AllocateSlow(bytes);
  return object != nullptr ? object : OutOfMemory();
}

// [new.delete.single]: the handler may find memory, throw, or end the program.
[[gnu::noinline]] void* NewSlow(size_t bytes, size_t alignment) {
  for (;;) {
    void* object = alignment <= alignof(std::max_align_t)
                       ? mem::internal::AllocateSlow(bytes)
                       : mem::AllocateAligned(bytes, alignment);
    if (object != nullptr) return object;
    std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

[[gnu::noinline]] void* NewSlowOrNull(size_t bytes,
                                      size_t alignment) noexcept {
  try {
    return NewSlow(bytes, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

[[gnu::always_inline]] inline void* New(size_t bytes) {
  void* object = mem::internal::AllocateFast(bytes);
  if (object != nullptr) [[likely]] return object;
  return NewSlow(bytes, alignof(std::max_align_t));
}
[[gnu::always_inline]] inline void* NewOrNull(size_t bytes) noexcept {
  void* object = mem::internal::AllocateFast(bytes);
  if (object != nullptr) [[likely]] return object;
  return NewSlowOrNull(bytes, alignof(std::max_align_t));
}
void* New(size_t bytes, std::align_val_t alignment) {
  return NewSlow(bytes, static_cast<size_t>(alignment));
}
void* NewOrNull(size_t bytes, std::align_val_t alignment) noexcept {
  return NewSlowOrNull(bytes, static_cast<size_t>(alignment));
}

}  // namespace

extern "C" {

void* malloc(size_t bytes) noexcept {
  void* object = mem::internal::AllocateFast(bytes);
  if (object != nullptr) [[likely]] return object;
  return MallocSlow(bytes);
}

void free(void* object) noexcept { mem::Free(object); }

void* calloc(size_t count, size_t bytes) noexcept {
  size_t total;
  if (__builtin_mul_overflow(count, bytes, &total)) return OutOfMemory();
  void* object = mem::AllocateZeroed(total);
  return object != nullptr ? object : OutOfMemory();
}

void* realloc(void* object, size_t bytes) noexcept {
  if (object != nullptr && bytes == 0) {
    mem::Free(object);
    return nullptr;
  }
  void* moved = mem::Reallocate(object, bytes);
  return moved != nullptr ? moved : OutOfMemory();
}

void* reallocarray(void* object, size_t count, size_t bytes) noexcept {
  size_t total;
  if (__builtin_mul_overflow(count, bytes, &total)) return OutOfMemory();
  return realloc(object, total);
}

void* aligned_alloc(size_t alignment, size_t bytes) noexcept {
  return AlignedOrErrno(alignment, bytes);
}

void* memalign(size_t alignment, size_t bytes) noexcept {
  return AlignedOrErrno(alignment, bytes);
}

int posix_memalign(void** result, size_t alignment, size_t bytes) noexcept {
  if (!std::has_single_bit(alignment) || alignment < sizeof(void*)) {
    return EINVAL;
  }
  void* object = mem::AllocateAligned(bytes, alignment);
  if (object == nullptr) return ENOMEM;
  *result = object;
  return 0;
}

void* valloc(size_t bytes) noexcept {
  return AlignedOrErrno(ebbrt::Platform::kPageBytes, bytes);
}

void* pvalloc(size_t bytes) noexcept {
  constexpr size_t kPageBytes = ebbrt::Platform::kPageBytes;
  if (bytes > mem::kObjectBytesMax) return OutOfMemory();
  return AlignedOrErrno(kPageBytes,
                        (bytes + kPageBytes - 1) / kPageBytes * kPageBytes);
}

size_t malloc_usable_size(void* object) noexcept {
  return object == nullptr ? 0 : mem::UsableBytes(object);
}

int malloc_trim(size_t) noexcept {
  size_t before = mem::internal::process.pages.Statistics().committed_bytes;
  mem::Trim();
  return mem::internal::process.pages.Statistics().committed_bytes < before;
}

}  // extern "C"

void* operator new(size_t bytes) { return New(bytes); }
void* operator new[](size_t bytes) { return New(bytes); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return NewOrNull(bytes);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return NewOrNull(bytes);
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return New(bytes, alignment);
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return New(bytes, alignment);
}
void* operator new(size_t bytes, std::align_val_t alignment,
                   const std::nothrow_t&) noexcept {
  return NewOrNull(bytes, alignment);
}
void* operator new[](size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t&) noexcept {
  return NewOrNull(bytes, alignment);
}

void operator delete(void* object) noexcept { mem::Free(object); }
void operator delete[](void* object) noexcept { mem::Free(object); }
void operator delete(void* object, size_t) noexcept { mem::Free(object); }
void operator delete[](void* object, size_t) noexcept { mem::Free(object); }
void operator delete(void* object, const std::nothrow_t&) noexcept {
  mem::Free(object);
}
void operator delete[](void* object, const std::nothrow_t&) noexcept {
  mem::Free(object);
}
void operator delete(void* object, std::align_val_t) noexcept {
  mem::Free(object);
}
void operator delete[](void* object, std::align_val_t) noexcept {
  mem::Free(object);
}
void operator delete(void* object, size_t, std::align_val_t) noexcept {
  mem::Free(object);
}
void operator delete[](void* object, size_t, std::align_val_t) noexcept {
  mem::Free(object);
}
void operator delete(void* object, std::align_val_t,
                     const std::nothrow_t&) noexcept {
  mem::Free(object);
}
void operator delete[](void* object, std::align_val_t,
                       const std::nothrow_t&) noexcept {
  mem::Free(object);
}
