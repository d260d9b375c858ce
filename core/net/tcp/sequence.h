// A sequence number: 32 bits that wrap, compared by the shorter way round.
//
// Two numbers compare as long as they are less than 2^31 apart, which every
// window sees to; there is no order beyond that, hence no operator<=>.
//
// Cores: any. Blocks, allocates: never. Units: bytes, plus one for SYN and FIN.
// Errors: none. Source: RFC 9293 section 3.4.
#ifndef EBBRT_CORE_NET_TCP_SEQUENCE_H_
#define EBBRT_CORE_NET_TCP_SEQUENCE_H_

#include <cstdint>

namespace ebbrt::tcp {

class Sequence {
 public:
  constexpr Sequence() = default;
  constexpr explicit Sequence(uint32_t value) : value_(value) {}
  constexpr uint32_t value() const { return value_; }

  constexpr Sequence& operator+=(uint32_t bytes) {
    value_ += bytes;
    return *this;
  }
  friend constexpr Sequence operator+(Sequence a, uint32_t bytes) {
    return Sequence(a.value_ + bytes);
  }
  friend constexpr Sequence operator-(Sequence a, uint32_t bytes) {
    return Sequence(a.value_ - bytes);
  }
  // How far `a` is behind `b`; negative where it is before.
  friend constexpr int32_t operator-(Sequence a, Sequence b) {
    return static_cast<int32_t>(a.value_ - b.value_);
  }
  friend constexpr bool operator==(Sequence, Sequence) = default;
  friend constexpr bool operator<(Sequence a, Sequence b) { return a - b < 0; }
  friend constexpr bool operator>(Sequence a, Sequence b) { return b < a; }
  friend constexpr bool operator<=(Sequence a, Sequence b) { return !(b < a); }
  friend constexpr bool operator>=(Sequence a, Sequence b) { return !(a < b); }

 private:
  uint32_t value_ = 0;
};

constexpr Sequence Earlier(Sequence a, Sequence b) { return a < b ? a : b; }
constexpr Sequence Later(Sequence a, Sequence b) { return a < b ? b : a; }

// How many bytes from `begin` on. REQUIRES: begin <= end.
constexpr uint32_t Span(Sequence begin, Sequence end) {
  return end.value() - begin.value();
}

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_SEQUENCE_H_
