// Where the page allocator's memory comes from: the platform, or a test that
// refuses some of it.
//
// Cores: any, any thread, also before a core is up. Blocks: as the platform.
// Allocates: never; the allocator stands on it. Errors: null or false where
// memory is refused; then nothing has changed.
#ifndef EBBRT_CORE_MEM_PAGE_SOURCE_H_
#define EBBRT_CORE_MEM_PAGE_SOURCE_H_

#include <cstddef>
#include <cstdint>

#include "platform/current.h"

namespace ebbrt::mem {

// As the functions of the same meaning in platform/contract.h, `Pages`.
class PageSource {
 public:
  virtual void* Reserve(size_t bytes, size_t alignment) = 0;
  virtual void Unreserve(void* address, size_t bytes) = 0;
  virtual bool Commit(void* address, size_t bytes, uint32_t numa_node) = 0;
  virtual void Decommit(void* address, size_t bytes) = 0;

 protected:
  // Never deleted: it is a constant, or a test's.
  ~PageSource() = default;
};

// The platform's pages.
class PlatformPages final : public PageSource {
 public:
  void* Reserve(size_t bytes, size_t alignment) override {
    return Platform::ReservePages(bytes, alignment);
  }
  void Unreserve(void* address, size_t bytes) override {
    Platform::UnreservePages(address, bytes);
  }
  bool Commit(void* address, size_t bytes, uint32_t numa_node) override {
    return Platform::CommitPages(address, bytes, numa_node);
  }
  void Decommit(void* address, size_t bytes) override {
    Platform::DecommitPages(address, bytes);
  }
};

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_PAGE_SOURCE_H_
