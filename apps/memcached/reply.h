// Reply: builds what is sent for one batch of requests.
//
// Text, headers and short values are written one after the other into a
// buffer; other values are lent from their items. The chain then alternates
// between the two:
//
//   reply buffer   | header 1 | header 2 | free ...
//                      |          |
//   chain              h1 -> v1 -> h2 -> v2
//                            |           |
//   items                  value       value
//
// The buffer is used on for the next batch, also of another connection, until
// it is full; so a batch usually allocates the descriptors of its chain and
// nothing else.
//
// Cores: one; each has its own. Ownership: the buffer belongs to the views on
// it and to the Reply. Blocks: no. Allocates: descriptors, a buffer at times.
// Bound: kBufferBytes a piece; how long a batch gets is the caller's matter.
// Errors: failed() if memory was refused; the batch is then useless.
#ifndef EBBRT_APPS_MEMCACHED_REPLY_H_
#define EBBRT_APPS_MEMCACHED_REPLY_H_

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "apps/memcached/item.h"
#include "core/base/check.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"

namespace ebbrt::memcached {

class Reply {
 public:
  // A slow reader keeps the whole buffer for its few bytes, hence a small one.
  static constexpr size_t kBufferBytes = 4096;
  // No single Reserve asks for more.
  static constexpr size_t kPieceBytesMax = 1024;
  // A value that is copied costs less than two views, one of it and one of
  // what follows it, and the count of its readers.
  static constexpr size_t kCopiedBytesMax = 512;

  Reply() = default;
  ~Reply();
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  // Room for at most `bytes`; what was used of it is told to Commit.
  // REQUIRES: bytes <= kPieceBytesMax.
  char* Reserve(size_t bytes) {
    EBBRT_DCHECK(bytes <= kPieceBytesMax);
    if (static_cast<size_t>(end_ - position_) < bytes) [[unlikely]] {
      NewBuffer();
    }
    return position_;
  }
  void Commit(size_t bytes) { position_ += bytes; }
  void CommitTo(char* position) { position_ = position; }

  void Append(std::string_view text) {
    std::memcpy(Reserve(text.size()), text.data(), text.size());
    Commit(text.size());
  }

  // The value, or the value and its line end: lent, or copied if short.
  void AppendValue(Item& item) { Lend(item, item.value_span()); }
  void AppendValueLine(Item& item) { Lend(item, item.value_line_span()); }

  size_t length() const { return chain_.length() + (position_ - begin_); }
  bool empty() const { return length() == 0; }
  bool failed() const { return failed_; }

  // Takes the batch; what follows is the next one.
  IOBufChain Take();

 private:
  struct Buffer;

  void Lend(Item& item, std::span<const std::byte> bytes);
  void EndPiece();
  void NewBuffer();

  IOBufChain chain_;
  Buffer* buffer_ = nullptr;
  // In buffer_: what is not yet in the chain, and the end.
  char* begin_ = nullptr;
  char* position_ = nullptr;
  char* end_ = nullptr;
  bool failed_ = false;
  // Written to, and thrown away, when there is no memory for a buffer.
  char spare_[kPieceBytesMax];
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_REPLY_H_
