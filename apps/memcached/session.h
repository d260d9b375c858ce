// Session: the byte stream of one connection, turned into replies. It knows no
// network.
//
// Bytes come in pieces, cut anywhere. Requests are parsed in place; only
// the cut head of a request is kept, and values go into their items at once.
// The first byte of the stream says which protocol it speaks.
//
// Cores: one, its connection's. Ownership: of the item being received.
// Blocks: as commands.h. Allocates: the cut head; items.
// Bound: kHeadBytesMax kept; Consume stops at kReplyBytesMax of replies.
// Errors: replies; closing().
#ifndef EBBRT_APPS_MEMCACHED_SESSION_H_
#define EBBRT_APPS_MEMCACHED_SESSION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "apps/memcached/binary_protocol.h"
#include "apps/memcached/server_state.h"
#include "apps/memcached/text_protocol.h"
#include "apps/memcached/upload.h"

namespace ebbrt::memcached {

class Session {
 public:
  // No request begins once its batch has replies of so many bytes.
  static constexpr size_t kReplyBytesMax = 256 * kKiB;
  static constexpr size_t kHeadBytesMax =
      std::max(text::kLineBytesMax, binary::kHeadBytesMax);

  // Serves what `bytes` has, and returns how much of it was consumed: all,
  // unless closing(), or the replies have become long; then Consume is to be
  // called again with the rest once they were sent.
  size_t Consume(std::string_view bytes, RequestContext& context);

  // The stream has ended, by the client's wish or its error: what was replied
  // is to be sent, and nothing more is read.
  bool closing() const { return state_ == State::kClosing; }

 private:
  enum class Protocol : uint8_t { kUnknown, kBinary, kText };
  enum class State : uint8_t {
    kHead,      // A request is to begin, or its head is not complete.
    kKeys,      // As kHead, within a long line of keys.
    kValue,     // The upload's bytes are to come.
    kSkip,      // So many bytes are to be dropped.
    kSkipLine,  // All up to the line's end are.
    kClosing,
  };

  size_t ConsumeSome(std::string_view bytes, RequestContext& context);
  size_t ConsumeHead(std::string_view bytes, RequestContext& context);
  size_t KeepHead(std::string_view bytes, RequestContext& context);
  size_t HeadLength(std::string_view bytes) const;
  void HandleHead(std::string_view head, RequestContext& context);
  void Follow(const Step& step, RequestContext& context);
  void FinishUpload(RequestContext& context);

  Protocol protocol_ = Protocol::kUnknown;
  State state_ = State::kHead;
  text::Retrieval retrieval_;
  uint64_t skip_bytes_ = 0;
  Upload upload_;
  std::string kept_;  // The beginning of a cut head.
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_SESSION_H_
