// The client's side of memcached's protocols, and of HTTP, without any input or
// output: requests become bytes, bytes become replies.
//
// Replies are parsed where they were received; what is cut between two calls
// is remembered, a partial header or line by copying it.
//
// Cores: one. Ownership: nothing is kept of what is passed in. Blocks: no.
// Allocates: no. Bound: a line of LineReader::kLineBytesMax, a value, an error
// message or a page of kBodyBytesMax. Units: bytes.
// Errors: what is no reply ends parsing for good (false); the connection is
// then of no use.
// Source: memcached's doc/protocol.txt, and doc/protocol-binary.xml; RFC 9112.
#ifndef EBBRT_APPS_LOADGEN_PROTOCOL_H_
#define EBBRT_APPS_LOADGEN_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "apps/loadgen/request_writer.h"
#include "apps/loadgen/workload.h"

namespace ebbrt::loadgen {

enum class Protocol { kBinary, kText, kHttp };

enum class Reply : uint8_t {
  kHit,
  kMiss,
  kStored,
  kRefused,  // Whatever else a server may say.
};

// Who is told of replies, in their order.
class ReplySink {
 public:
  // Bytes [offset, offset + piece.size()) of a value of `value_bytes` bytes,
  // before its OnReply(kHit). Only if asked for; an empty value has none.
  virtual void OnValue(size_t value_bytes, size_t offset,
                       std::span<const std::byte> piece) = 0;
  // False if no such reply was expected; it ends parsing.
  virtual bool OnReply(Reply reply) = 0;

 protected:
  ~ReplySink() = default;
};

// The protocol on one connection.
class ProtocolClient {
 public:
  static constexpr size_t kBodyBytesMax = size_t{16} << 20;

  // `wants_values`: whether sinks are to be shown the values.
  static std::unique_ptr<ProtocolClient> Create(Protocol protocol,
                                                bool wants_values);
  virtual ~ProtocolClient() = default;

  virtual void Encode(const Request& request, const Workload& workload,
                      RequestWriter& writer) = 0;

  // Takes the next bytes of the stream.
  virtual bool Parse(std::span<const std::byte> bytes, ReplySink& sink) = 0;
};

namespace internal {

// Values up to this size are copied behind their request: a view costs more.
inline constexpr size_t kCopiedValueBytesMax = 256;

// Adds the value of a set: at `to`, which has room for kCopiedValueBytesMax, if
// it is small; returns how many bytes it put there. A larger one has to be
// added as a view, after what stands before it was committed.
size_t CopySmallValue(const Request& request, char* to);

std::unique_ptr<ProtocolClient> CreateBinaryClient(bool wants_values);
std::unique_ptr<ProtocolClient> CreateTextClient(bool wants_values);
std::unique_ptr<ProtocolClient> CreateHttpClient(bool wants_values);

}  // namespace internal
}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_PROTOCOL_H_
