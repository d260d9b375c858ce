// The platform's pages for tests, which count them and refuse some.
//
// Cores: one thread. Ownership: the test's. Blocks, allocates: no.
// Errors: as told.
#ifndef EBBRT_CORE_MEM_TEST_PAGE_SOURCE_H_
#define EBBRT_CORE_MEM_TEST_PAGE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "core/mem/page_source.h"

namespace ebbrt::mem {

class TestPageSource final : public PageSource {
 public:
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  // From now on, commits `first` to `last` are refused, counted from 1.
  void Refuse(uint64_t first, uint64_t last) {
    commits_ = 0;
    refuse_first_ = first;
    refuse_last_ = last;
  }
  // How many commits there were since, refused ones included.
  uint64_t commits() const { return commits_; }
  bool refused_any() const { return commits_ >= refuse_first_; }
  // What is decommitted for now; descriptors are not counted, because they
  // are given back only with their range.
  size_t decommitted_bytes() const { return decommitted_bytes_; }

  void* Reserve(size_t bytes, size_t alignment) override {
    return platform_.Reserve(bytes, alignment);
  }
  void Unreserve(void* address, size_t bytes) override {
    platform_.Unreserve(address, bytes);
  }
  bool Commit(void* address, size_t bytes, uint32_t numa_node) override {
    ++commits_;
    if (commits_ >= refuse_first_ && commits_ <= refuse_last_) return false;
    return platform_.Commit(address, bytes, numa_node);
  }
  void Decommit(void* address, size_t bytes) override {
    decommitted_bytes_ += bytes;
    platform_.Decommit(address, bytes);
  }

 private:
  PlatformPages platform_;
  uint64_t commits_ = 0;
  uint64_t refuse_first_ = kNever;
  uint64_t refuse_last_ = kNever;
  size_t decommitted_bytes_ = 0;
};

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_TEST_PAGE_SOURCE_H_
