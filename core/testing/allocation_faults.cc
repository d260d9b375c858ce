#include "core/testing/allocation_faults.h"

#include <cstddef>
#include <new>

#include "core/base/check.h"

namespace ebbrt::testing {
namespace {

thread_local RefuseAllocation* armed = nullptr;

bool Refused() { return armed != nullptr && armed->Count(); }

}  // namespace

RefuseAllocation::RefuseAllocation(uint64_t nth) : nth_(nth) {
  EBBRT_CHECK(armed == nullptr);
  armed = this;
}

RefuseAllocation::~RefuseAllocation() { armed = nullptr; }

// With --wrap=NAME every call of NAME becomes one of __wrap_NAME, and
// __real_NAME is what it would have been.
extern "C" {

void* __real__ZnwmRKSt9nothrow_t(size_t bytes, const std::nothrow_t& tag);
void* __wrap__ZnwmRKSt9nothrow_t(size_t bytes, const std::nothrow_t& tag) {
  return Refused() ? nullptr : __real__ZnwmRKSt9nothrow_t(bytes, tag);
}

void* __real__ZnwmSt11align_val_tRKSt9nothrow_t(size_t bytes,
                                                std::align_val_t alignment,
                                                const std::nothrow_t& tag);
void* __wrap__ZnwmSt11align_val_tRKSt9nothrow_t(size_t bytes,
                                                std::align_val_t alignment,
                                                const std::nothrow_t& tag) {
  return Refused()
             ? nullptr
             : __real__ZnwmSt11align_val_tRKSt9nothrow_t(bytes, alignment, tag);
}

}  // extern "C"

}  // namespace ebbrt::testing
