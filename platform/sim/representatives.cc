#include "platform/sim/representatives.h"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <utility>

#include "platform/sim/fetch_ahead.h"

namespace ebbrt::platform {
namespace {
constexpr void* kNoRepresentatives[kStaticEbbNumbers] = {};

// The services of core that a turn calls, by their numbers (core/ebb/ebb_id.h),
// and which cache lines of each it touches: of the loop, its own first ones,
// and the one that other cores write to.
constexpr EbbNumber kLoop = 2;
constexpr EbbNumber kNetwork = 3;
constexpr std::array<size_t, 3> kLoopLines = {0, 1, 4};
constexpr size_t kNetworkLines = 2;

// Arrays that begin with a cache line, which the lowest numbers share.
constexpr std::align_val_t kAlignment{kCacheLineBytes};
void** NewDense(EbbNumber count) {
  return new (kAlignment) void*[count]();
}
void DeleteDense(void** dense) { operator delete[](dense, kAlignment); }
}  // namespace

// Nobody sets anything in a const table.
constinit const SimRepresentatives SimRepresentatives::kNone(
    const_cast<void**>(kNoRepresentatives));
thread_local constinit const SimRepresentatives* SimRepresentatives::current =
    &SimRepresentatives::kNone;

SimRepresentatives::SimRepresentatives()
    : dense_(NewDense(kStaticEbbNumbers)) {}

SimRepresentatives::~SimRepresentatives() {
  if (dense_ != kNoRepresentatives) DeleteDense(dense_);
  delete sparse_;
}

void SimRepresentatives::Fetch(int step) const {
  if (step == 0) FetchLines(dense_, 1);
  if (step != 1) return;
  for (size_t line : kLoopLines) FetchLine(dense_[kLoop], line);
  FetchLines(dense_[kNetwork], kNetworkLines);
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
  void** grown = NewDense(grown_count);
  std::copy_n(dense_, dense_count_, grown);
  void** old = std::exchange(dense_, grown);
  dense_count_ = grown_count;
  DeleteDense(old);
}

}  // namespace ebbrt::platform
