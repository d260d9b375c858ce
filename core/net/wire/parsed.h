// What a parser of packets returns: a value, or the reason why there is none.
//
// Cores: any. Ownership: a value. Blocks, allocates: as the value.
// Errors: a value that is not there must not be read: a debug check.
#ifndef EBBRT_CORE_NET_WIRE_PARSED_H_
#define EBBRT_CORE_NET_WIRE_PARSED_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/base/check.h"

namespace ebbrt {

// Why bytes are not what they should be.
enum class Malformed : uint8_t {
  kNot,          // They are.
  kTooShort,     // They end within the header.
  kVersion,      // Of another version of the protocol, or for other hardware.
  kLength,       // A length in the header contradicts another, or the bytes.
  kChecksum,     // The checksum is wrong.
  kValue,        // A field has a value that it must not have.
  kTooMany,      // There is more of it than we put up with.
};
inline constexpr size_t kMalformedReasons = 7;

template <typename T>
class Parsed {
 public:
  Parsed(Malformed reason) : reason_(reason) {  // NOLINT(google-explicit-*)
    EBBRT_DCHECK(reason != Malformed::kNot);
  }
  Parsed(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-*)

  explicit operator bool() const { return reason_ == Malformed::kNot; }
  Malformed reason() const { return reason_; }

  const T& operator*() const {
    EBBRT_DCHECK(*this);
    return value_;
  }
  const T* operator->() const { return &**this; }
  T& operator*() {
    EBBRT_DCHECK(*this);
    return value_;
  }

 private:
  T value_ = {};
  Malformed reason_ = Malformed::kNot;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_WIRE_PARSED_H_
