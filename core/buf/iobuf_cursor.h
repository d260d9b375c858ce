// IOBufCursor: reads a chain from the front to the back, whatever its cuts.
//
//   IOBufCursor cursor(chain);
//   uint16_t port = cursor.Read16();       // network order
//   uint32_t sequence = cursor.Read32();
//   if (cursor.failed()) return;           // the chain was too short
//
// A read beyond the end reads zeros, sets failed() and leaves nothing to read,
// so that a parser reads a whole header and looks once. A copy of the cursor
// is a second place in the chain: look ahead with it.
//
// Cores: one. Ownership: refers to the chain, which must not change meanwhile.
// Blocks, allocates: never. Units: bytes; integers in network order.
// Errors: failed().
#ifndef EBBRT_CORE_BUF_IOBUF_CURSOR_H_
#define EBBRT_CORE_BUF_IOBUF_CURSOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/buf/iobuf_chain.h"

namespace ebbrt {

class IOBufCursor {
 public:
  explicit IOBufCursor(const IOBufChain& chain)
      : next_(chain.begin()), behind_(chain.length()) {
    if (behind_ != 0) NextBuffer();
  }

  // How many bytes are left.
  size_t remaining() const { return run_.size() + behind_; }
  // Whether a read went beyond the end; it stays so.
  bool failed() const { return failed_; }

  uint8_t Read8() { return ReadInteger<uint8_t>(); }
  uint16_t Read16() { return ReadInteger<uint16_t>(); }
  uint32_t Read32() { return ReadInteger<uint32_t>(); }
  uint64_t Read64() { return ReadInteger<uint64_t>(); }

  void Read(std::span<std::byte> to) {
    if (to.size() > remaining()) {
      Fail();
      std::fill(to.begin(), to.end(), std::byte{0});
      return;
    }
    while (!to.empty()) {
      size_t bytes = std::min(run_.size(), to.size());
      std::memcpy(to.data(), run_.data(), bytes);
      to = to.subspan(bytes);
      Advance(bytes);
    }
  }

  void Skip(size_t bytes) {
    if (bytes > remaining()) {
      Fail();
      return;
    }
    while (bytes > run_.size()) {
      bytes -= run_.size();
      NextBuffer();
    }
    Advance(bytes);
  }

  // The bytes from here to the end of their buffer; none at the chain's end.
  std::span<const std::byte> Contiguous() const { return run_; }

 private:
  template <typename Integer>
  Integer ReadInteger() {
    // One load where no cut is in the way.
    std::byte bytes[sizeof(Integer)];
    if (sizeof(Integer) <= run_.size()) [[likely]] {
      std::memcpy(bytes, run_.data(), sizeof(Integer));
      Advance(sizeof(Integer));
    } else {
      Read(bytes);
    }
    uint64_t value = 0;
    for (std::byte byte : bytes) {
      value = value << 8 | std::to_integer<uint64_t>(byte);
    }
    return static_cast<Integer>(value);
  }

  // REQUIRES: bytes <= run_.size().
  void Advance(size_t bytes) {
    run_ = run_.subspan(bytes);
    if (run_.empty() && behind_ != 0) [[unlikely]] NextBuffer();
  }

  // REQUIRES: behind_ != 0.
  void NextBuffer() {
    run_ = next_->bytes();
    behind_ -= run_.size();
    ++next_;
  }

  void Fail() {
    failed_ = true;
    run_ = {};
    behind_ = 0;
  }

  // Invariant: run_ is empty only at the end, where behind_ is zero.
  std::span<const std::byte> run_;   // What is left of the buffer at hand.
  IOBufChain::Iterator next_;        // The buffer after it.
  size_t behind_;                    // Bytes from there on.
  bool failed_ = false;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_BUF_IOBUF_CURSOR_H_
