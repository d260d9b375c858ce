// IOBufCursor: reads a chain from the front to the back, whatever its cuts.
//
//   IOBufCursor cursor(chain);
//   uint16_t port = cursor.Read16();       // network order
//   absl::... if (cursor.failed()) ...     // the chain was too short
//
// A read beyond the end reads zeros and sets failed(), so that a parser reads
// a whole header and looks once.
//
// Cores: one. Ownership: refers to the chain, which must not change meanwhile.
// Blocks, allocates: never. Units: bytes; integers in network order.
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
      : buffer_(chain.begin()), remaining_(chain.length()) {}

  // How many bytes are left.
  size_t remaining() const { return remaining_; }
  // Whether a read went beyond the end; it stays so.
  bool failed() const { return failed_; }

  uint8_t Read8() { return static_cast<uint8_t>(ReadInteger<1>()); }
  uint16_t Read16() { return static_cast<uint16_t>(ReadInteger<2>()); }
  uint32_t Read32() { return static_cast<uint32_t>(ReadInteger<4>()); }
  uint64_t Read64() { return ReadInteger<8>(); }

  void Read(std::span<std::byte> to) {
    if (to.size() > remaining_) {
      Fail();
      std::fill(to.begin(), to.end(), std::byte{0});
      return;
    }
    while (!to.empty()) {
      std::span<const std::byte> run = Contiguous();
      size_t bytes = std::min(run.size(), to.size());
      std::memcpy(to.data(), run.data(), bytes);
      to = to.subspan(bytes);
      Skip(bytes);
    }
  }

  void Skip(size_t bytes) {
    if (bytes > remaining_) {
      Fail();
      return;
    }
    remaining_ -= bytes;
    offset_ += bytes;
    while (remaining_ != 0 && offset_ >= buffer_->length()) {
      offset_ -= buffer_->length();
      ++buffer_;
    }
  }

  // The bytes from here to the end of their buffer; none at the chain's end.
  std::span<const std::byte> Contiguous() const {
    if (remaining_ == 0) return {};
    return buffer_->bytes().subspan(offset_);
  }

 private:
  template <size_t kBytes>
  uint64_t ReadInteger() {
    std::byte bytes[kBytes];
    Read(bytes);
    uint64_t value = 0;
    for (std::byte byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  }

  void Fail() {
    failed_ = true;
    remaining_ = 0;
  }

  // Invariant: while remaining_ is not zero, offset_ lies within *buffer_.
  IOBufChain::Iterator buffer_;
  size_t offset_ = 0;
  size_t remaining_;
  bool failed_ = false;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_BUF_IOBUF_CURSOR_H_
