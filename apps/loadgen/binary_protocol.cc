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

class BinaryClient final : public ProtocolClient {
 public:
  explicit BinaryClient(bool wants_values) : wants_values_(wants_values) {}

  void Encode(const Request& request, const Workload& workload,
              RequestWriter& writer) override;
  bool Parse(std::span<const std::byte> bytes, ReplySink& sink) override;

 private:
  // Takes up a header, and with it the length and the meaning of the body.
  bool BeginReply(const std::byte* header);
  // Shows the sink what of [body_read_, body_read_ + piece.size()) is value.
  void ShowValue(std::span<const std::byte> piece, ReplySink& sink) const;

  const bool wants_values_;
  // The opaque field numbers requests, and the server returns it.
  uint32_t next_request_ = 0;
  uint32_t next_reply_ = 0;
  // A header that has come in part.
  size_t header_bytes_ = 0;
  std::byte header_[kHeaderBytes];
  // The reply whose body is being read, if any.
  bool in_body_ = false;
  Reply reply_{};
  size_t body_bytes_ = 0;
  size_t body_read_ = 0;
  size_t value_begin_ = 0;
};

void BinaryClient::Encode(const Request& request, const Workload& workload,
                          RequestWriter& writer) {
  const size_t key_bytes = workload.KeyBytes(request.key);
  const size_t extras_bytes = request.is_set ? kSetExtrasBytes : 0;
  size_t bytes = kHeaderBytes + extras_bytes + key_bytes;
  char* to = writer.Reserve(bytes + kCopiedValueBytesMax);
  std::memset(to, 0, kHeaderBytes + kSetExtrasBytes);
  to[0] = static_cast<char>(kRequestMagic);
  to[1] = static_cast<char>(request.is_set ? kSet : kGet);
  Store16(to + 2, static_cast<uint16_t>(key_bytes));
  to[4] = static_cast<char>(extras_bytes);
  Store32(to + 8, static_cast<uint32_t>(extras_bytes + key_bytes +
                                        request.value_bytes));
  Store32(to + 12, next_request_++);
  workload.WriteKey(request.key, to + kHeaderBytes + extras_bytes);
  size_t copied = CopySmallValue(request, to + bytes);
  writer.Commit(bytes + copied);
  if (copied < request.value_bytes) {
    writer.AddStatic(Workload::Value(request.key, request.value_bytes));
  }
}

bool BinaryClient::Parse(std::span<const std::byte> bytes, ReplySink& sink) {
  while (!bytes.empty()) {
    if (!in_body_) {
      const std::byte* header = bytes.data();
      size_t taken = kHeaderBytes;
      if (header_bytes_ != 0 || bytes.size() < kHeaderBytes) {
        taken = std::min(kHeaderBytes - header_bytes_, bytes.size());
        std::memcpy(header_ + header_bytes_, bytes.data(), taken);
        header_bytes_ += taken;
        if (header_bytes_ < kHeaderBytes) return true;
        header_bytes_ = 0;
        header = header_;
      }
      if (!BeginReply(header)) return false;
      bytes = bytes.subspan(taken);
    }
    size_t taken = std::min(body_bytes_ - body_read_, bytes.size());
    if (wants_values_) ShowValue(bytes.first(taken), sink);
    body_read_ += taken;
    bytes = bytes.subspan(taken);
    if (body_read_ < body_bytes_) return true;
    in_body_ = false;
    if (!sink.OnReply(reply_)) return false;
  }
  return true;
}

bool BinaryClient::BeginReply(const std::byte* header) {
  const uint8_t opcode = static_cast<uint8_t>(header[1]);
  const uint16_t status = Load16(header + 6);
  value_begin_ = size_t{static_cast<uint8_t>(header[4])} + Load16(header + 2);
  body_bytes_ = Load32(header + 8);
  body_read_ = 0;
  if (static_cast<uint8_t>(header[0]) != kReplyMagic ||
      (opcode != kGet && opcode != kSet) ||
      Load32(header + 12) != next_reply_ || value_begin_ > body_bytes_ ||
      body_bytes_ > kBodyBytesMax) {
    return false;
  }
  ++next_reply_;
  in_body_ = true;
  if (status == kStatusOk) {
    reply_ = opcode == kGet ? Reply::kHit : Reply::kStored;
  } else {
    reply_ = opcode == kGet && status == kStatusKeyNotFound ? Reply::kMiss
                                                            : Reply::kRefused;
  }
  return true;
}

void BinaryClient::ShowValue(std::span<const std::byte> piece,
                             ReplySink& sink) const {
  if (reply_ != Reply::kHit || body_read_ + piece.size() <= value_begin_) {
    return;
  }
  size_t skipped = value_begin_ > body_read_ ? value_begin_ - body_read_ : 0;
  sink.OnValue(body_bytes_ - value_begin_, body_read_ + skipped - value_begin_,
               piece.subspan(skipped));
}

}  // namespace

std::unique_ptr<ProtocolClient> CreateBinaryClient(bool wants_values) {
  return std::make_unique<BinaryClient>(wants_values);
}

}  // namespace ebbrt::loadgen::internal
