// EbbRef: how an Ebb is called.
//
//   EbbRef<Cache> cache = ...;
//   cache->Get(key);
//
// The call finds the caller's own representative in one load and one
// predictable branch and is then a plain member call, which inlines where the
// type allows. Where the core has no representative yet, the type's fault
// handler makes one.
//
// Cores: a reference is a value and may be copied to any core; it is called
// only from cores. Ownership: none; the Ebb outlives its calls (DestroyEbb,
// core/ebb/lifetime.h). Blocks: as the method; a first call may allocate.
// Errors: calling an Ebb that does not exist is a failed check.
// Source: paper sections 3.2 and 4.3.
#ifndef EBBRT_CORE_EBB_EBB_REF_H_
#define EBBRT_CORE_EBB_EBB_REF_H_

#include <compare>
#include <concepts>
#include <cstdint>

#include "core/ebb/directory.h"
#include "core/ebb/ebb_id.h"
#include "platform/current.h"

namespace ebbrt {

// A type that makes its representatives itself has
//   static T& HandleFault(EbbId id);
// It runs on the core that missed, returns a representative and usually
// installs it (Platform::SetRepresentative), so that the next call finds it.
template <typename T>
concept HandlesFaults = requires(EbbId id) {
  { T::HandleFault(id) } -> std::same_as<T&>;
};

template <typename T>
class EbbRef {
 public:
  // Refers to nothing; must not be called.
  constexpr EbbRef() = default;
  constexpr explicit EbbRef(EbbId id) : number_(id.value()) {}

  constexpr EbbId id() const { return EbbId(static_cast<uint32_t>(number_)); }

  T* operator->() const { return &**this; }
  T& operator*() const {
    void* representative = Platform::Representative(number_);
    if (representative == nullptr) [[unlikely]] {
      return Miss(id());
    }
    return *static_cast<T*>(representative);
  }

  friend constexpr auto operator<=>(EbbRef, EbbRef) = default;

 private:
  [[gnu::cold, gnu::noinline]] static T& Miss(EbbId id) {
    if constexpr (HandlesFaults<T>) {
      return T::HandleFault(id);
    } else {
      return *static_cast<T*>(EbbDirectory::HandleFault(id));
    }
  }

  // The id. As wide as an address, which it becomes a part of: 32 bits would
  // have to be widened at calls.
  uint64_t number_ = 0;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_EBB_EBB_REF_H_
