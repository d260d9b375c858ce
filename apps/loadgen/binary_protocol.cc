// The binary protocol: a header of 24 bytes, then extras, key and value.
//
//   0 magic  1 opcode  2-3 key length  4 extras length  5 data type
//   6-7 status (of a reply)  8-11 total body length  12-15 opaque  16-23 CAS
#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include "apps/loadgen/protocol.h"

namespace ebbrt::loadgen::internal {
namespace {

constexpr size_t kHeaderBytes = 24;
constexpr size_t kSetExtrasBytes = 8;  // Flags and expiry, both zero.
constexpr uint8_t kRequestMagic = 0x80;
constexpr uint8_t kReplyMagic = 0x81;
constexpr uint8_t kGet = 0x00;
constexpr uint8_t kSet = 0x01;
constexpr uint16_t kStatusOk = 0;
constexpr uint16_t kStatusKeyNotFound = 1;

static_assert(std::endian::native == std::endian::little);

void Store16(char* to, uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(to, &value, sizeof(value));
}
void Store32(char* to, uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(to, &value, sizeof(value));
}
uint16_t Load16(const std::byte* from) {
  uint16_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap16(value);
}
uint32_t Load32(const std::byte* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap32(value);
}

// What a header says of the reply that it begins.
struct Head {
  Reply reply;
  size_t value_begin;  // Within the body.
  size_t body_bytes;
};

// False if it is not the header of a reply to request `number`.
bool Decode(const std::byte* header, uint32_t number, Head& head) {
  const uint8_t opcode = static_cast<uint8_t>(header[1]);
  const uint16_t status = Load16(header + 6);
  head.value_begin =
      size_t{static_cast<uint8_t>(header[4])} + Load16(header + 2);
  head.body_bytes = Load32(header + 8);
  if (status == kStatusOk) {
    head.reply = opcode == kGet ? Reply::kHit : Reply::kStored;
  } else {
    head.reply = opcode == kGet && status == kStatusKeyNotFound
                     ? Reply::kMiss
                     : Reply::kRefused;
  }
  return static_cast<uint8_t>(header[0]) == kReplyMagic &&
         (opcode == kGet || opcode == kSet) && Load32(header + 12) == number &&
         head.value_begin <= head.body_bytes &&
         head.body_bytes <= ProtocolClient::kBodyBytesMax;
}

class BinaryClient final : public ProtocolClient {
 public:
  explicit BinaryClient(bool wants_values) : wants_values_(wants_values) {}

  void Encode(const Request& request, const Workload& workload,
              RequestWriter& writer) override;
  bool Parse(std::span<const std::byte> bytes, ReplySink& sink) override;

 private:
  // Each takes from the front of `bytes` and returns false at the end of
  // parsing: all replies that are there as a whole, and a part of one.
  bool ParseWhole(std::span<const std::byte>& bytes, ReplySink& sink);
  bool ParsePart(std::span<const std::byte>& bytes, ReplySink& sink);
  // Shows the sink what of the body's bytes from `offset` on is value.
  void ShowValue(const Head& head, size_t offset,
                 std::span<const std::byte> piece, ReplySink& sink) const;

  const bool wants_values_;
  // The opaque field numbers requests, and the server returns it.
  uint32_t next_request_ = 0;
  uint32_t next_reply_ = 0;
  // A header that has come in part.
  size_t header_bytes_ = 0;
  std::byte header_[kHeaderBytes];
  // The reply whose body has come in part, if any.
  bool in_body_ = false;
  Head head_;
  size_t body_read_ = 0;
};

void BinaryClient::Encode(const Request& request, const Workload& workload,
                          RequestWriter& writer) {
  const size_t key_bytes = workload.KeyBytes(request.key);
  const size_t extras_bytes = request.is_set ? kSetExtrasBytes : 0;
  const size_t bytes = kHeaderBytes + extras_bytes + key_bytes;
  char* to = writer.Reserve(kHeaderBytes + kSetExtrasBytes + kKeyRoomBytes +
                            kCopiedValueBytesMax);
  std::memset(to, 0, kHeaderBytes + kSetExtrasBytes);
  to[0] = static_cast<char>(kRequestMagic);
  to[1] = static_cast<char>(request.is_set ? kSet : kGet);
  Store16(to + 2, static_cast<uint16_t>(key_bytes));
  to[4] = static_cast<char>(extras_bytes);
  Store32(to + 8, static_cast<uint32_t>(extras_bytes + key_bytes +
                                        request.value_bytes));
  Store32(to + 12, next_request_++);
  workload.WriteKey(request.key, to + kHeaderBytes + extras_bytes);
  if (request.value_bytes == 0) {
    writer.Commit(bytes);
    return;
  }
  size_t copied = CopySmallValue(request, to + bytes);
  writer.Commit(bytes + copied);
  if (copied == 0) {
    writer.AddStatic(Workload::Value(request.key, request.value_bytes));
  }
}

bool BinaryClient::Parse(std::span<const std::byte> bytes, ReplySink& sink) {
  while (!bytes.empty()) {
    if (!in_body_ && header_bytes_ == 0 && !ParseWhole(bytes, sink)) {
      return false;
    }
    if (!bytes.empty() && !ParsePart(bytes, sink)) return false;
  }
  return true;
}

bool BinaryClient::ParseWhole(std::span<const std::byte>& bytes,
                              ReplySink& sink) {
  Head head;
  while (bytes.size() >= kHeaderBytes) {
    if (!Decode(bytes.data(), next_reply_, head)) return false;
    if (head.body_bytes > bytes.size() - kHeaderBytes) return true;
    if (wants_values_) {
      ShowValue(head, 0, bytes.subspan(kHeaderBytes, head.body_bytes), sink);
    }
    ++next_reply_;
    bytes = bytes.subspan(kHeaderBytes + head.body_bytes);
    if (!sink.OnReply(head.reply)) return false;
  }
  return true;
}

bool BinaryClient::ParsePart(std::span<const std::byte>& bytes,
                             ReplySink& sink) {
  if (!in_body_) {
    size_t taken = std::min(kHeaderBytes - header_bytes_, bytes.size());
    std::memcpy(header_ + header_bytes_, bytes.data(), taken);
    bytes = bytes.subspan(taken);
    header_bytes_ += taken;
    if (header_bytes_ < kHeaderBytes) return true;
    header_bytes_ = 0;
    if (!Decode(header_, next_reply_, head_)) return false;
    ++next_reply_;
    in_body_ = true;
    body_read_ = 0;
  }
  size_t taken = std::min(head_.body_bytes - body_read_, bytes.size());
  if (wants_values_) ShowValue(head_, body_read_, bytes.first(taken), sink);
  body_read_ += taken;
  bytes = bytes.subspan(taken);
  if (body_read_ < head_.body_bytes) return true;
  in_body_ = false;
  return sink.OnReply(head_.reply);
}

void BinaryClient::ShowValue(const Head& head, size_t offset,
                             std::span<const std::byte> piece,
                             ReplySink& sink) const {
  if (head.reply != Reply::kHit || offset + piece.size() <= head.value_begin) {
    return;
  }
  size_t skipped = head.value_begin > offset ? head.value_begin - offset : 0;
  sink.OnValue(head.body_bytes - head.value_begin,
               offset + skipped - head.value_begin, piece.subspan(skipped));
}

}  // namespace

std::unique_ptr<ProtocolClient> CreateBinaryClient(bool wants_values) {
  return std::make_unique<BinaryClient>(wants_values);
}

}  // namespace ebbrt::loadgen::internal
