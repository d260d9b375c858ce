#include "platform/sim/representatives.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace ebbrt::platform {
namespace {
constexpr void* kNoRepresentatives[kStaticEbbNumbers] = {};
}  // namespace

// Nobody sets anything in a const table.
constinit const SimRepresentatives SimRepresentatives::kNone(
    const_cast<void**>(kNoRepresentatives));
thread_local constinit const SimRepresentatives* SimRepresentatives::current =
    &SimRepresentatives::kNone;

SimRepresentatives::SimRepresentatives()
    : dense_(new void*[kStaticEbbNumbers]()) {}

SimRepresentatives::~SimRepresentatives() {
  if (dense_ != kNoRepresentatives) delete[] dense_;
  delete sparse_;
}

void* SimRepresentatives::FindSparse(EbbNumber number) const noexcept {
  if (sparse_ == nullptr) return nullptr;
  auto found = sparse_->find(number);
  return found == sparse_->end() ? nullptr : found->second;
}

bool SimRepresentatives::Set(EbbNumber number, void* representative) noexcept {
  try {
    SetOrThrow(number, representative);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void SimRepresentatives::Clear() noexcept {
  std::fill_n(dense_, dense_count_, nullptr);
  delete std::exchange(sparse_, nullptr);
}

void SimRepresentatives::SetOrThrow(EbbNumber number, void* representative) {
  if (number < kDenseMax) {
    if (number >= dense_count_) {
      if (representative == nullptr) return;
      GrowDense(number + 1);
    }
    dense_[number] = representative;
  } else if (representative != nullptr) {
    if (sparse_ == nullptr) sparse_ = new Sparse;
    (*sparse_)[number] = representative;
  } else if (sparse_ != nullptr) {
    sparse_->erase(number);
  }
}

void SimRepresentatives::GrowDense(EbbNumber count) {
  // The old array goes only after the new one is in place: the allocator may
  // itself ask for a representative.
  EbbNumber grown_count = std::bit_ceil(count);
  void** grown = new void*[grown_count]();
  std::copy_n(dense_, dense_count_, grown);
  void** old = std::exchange(dense_, grown);
  dense_count_ = grown_count;
  delete[] old;
}

}  // namespace ebbrt::platform
