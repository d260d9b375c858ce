#include "core/net/wire/dns.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/net/wire/big_endian.h"

namespace ebbrt {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr uint16_t kResponse = 0x8000;
constexpr uint16_t kTruncated = 0x0200;
constexpr uint16_t kRecursionDesired = 0x0100;
constexpr uint16_t kTypeAddress = 1;
constexpr uint16_t kTypeAlias = 5;
constexpr uint16_t kClassInternet = 1;
constexpr uint8_t kPointer = 0xc0;

char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Reads a message from the front to the back; once it fails, it stays so.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> message) : message_(message) {}

  Malformed failure() const { return failure_; }
  bool failed() const { return failure_ != Malformed::kNot; }

  template <typename Integer>
  Integer Read() {
    if (!Has(sizeof(Integer))) return 0;
    at_ += sizeof(Integer);
    return LoadBig<Integer>(message_.data() + at_ - sizeof(Integer));
  }
  void Skip(size_t bytes) {
    if (Has(bytes)) at_ += bytes;
  }
  size_t position() const { return at_; }
  void Fail(Malformed why) {
    if (!failed()) failure_ = why;
  }

  // A name, which may go on at an earlier place.
  std::string ReadName();

 private:
  bool Has(size_t bytes) {
    if (failed() || message_.size() - at_ < bytes) {
      Fail(Malformed::kTooShort);
      return false;
    }
    return true;
  }
  void AddLabel(size_t at, size_t length, std::string& name);

  const std::span<const std::byte> message_;
  size_t at_ = 0;
  Malformed failure_ = Malformed::kNot;
};

void Reader::AddLabel(size_t at, size_t length, std::string& name) {
  if (message_.size() - at < length) return Fail(Malformed::kTooShort);
  const size_t dot = name.empty() ? 0 : 1;
  if (name.size() + dot + length > kDnsNameBytesMax) {
    return Fail(Malformed::kLength);
  }
  if (dot != 0) name += '.';
  for (size_t i = 0; i < length; ++i) {
    const char c = static_cast<char>(message_[at + i]);
    // It would be taken for the end of the label.
    if (c == '.' || c == '\0') return Fail(Malformed::kValue);
    name += LowerCase(c);
  }
}

std::string Reader::ReadName() {
  std::string name;
  size_t at = at_;
  size_t pointers = 0;
  while (!failed()) {
    if (at >= message_.size()) {
      Fail(Malformed::kTooShort);
      break;
    }
    const auto length = std::to_integer<uint8_t>(message_[at]);
    if ((length & kPointer) == kPointer) {
      if (message_.size() - at < 2) Fail(Malformed::kTooShort);
      if (++pointers > kDnsPointersMax) Fail(Malformed::kTooMany);
      if (failed()) break;
      if (pointers == 1) at_ = at + 2;
      at = LoadBig<uint16_t>(message_.data() + at) & 0x3fff;
      continue;
    }
    if (length > kDnsLabelBytesMax) {
      Fail(Malformed::kValue);
      break;
    }
    if (length != 0) AddLabel(at + 1, length, name);
    at += size_t{1} + length;
    if (length == 0) break;
  }
  if (pointers == 0) at_ = at;
  return name;
}

void ReadQuestion(Reader& reader, DnsMessage& message) {
  std::string name = reader.ReadName();
  const uint16_t type = reader.Read<uint16_t>();
  const uint16_t name_class = reader.Read<uint16_t>();
  if (type == kTypeAddress && name_class == kClassInternet) {
    message.question = std::move(name);
  }
}

void ReadRecord(Reader& reader, DnsMessage& message) {
  DnsRecord record;
  record.name = reader.ReadName();
  const uint16_t type = reader.Read<uint16_t>();
  const uint16_t name_class = reader.Read<uint16_t>();
  const uint32_t seconds = reader.Read<uint32_t>();
  // More than 31 bits are zero (RFC 2181 section 8).
  record.seconds_to_live = seconds >> 31 == 0 ? seconds : 0;
  const uint16_t bytes = reader.Read<uint16_t>();
  const size_t end = reader.position() + bytes;
  const bool kept = name_class == kClassInternet &&
                    ((type == kTypeAddress && bytes == 4) ||
                     (type == kTypeAlias && bytes != 0));
  if (!kept || reader.failed()) return reader.Skip(bytes);
  if (type == kTypeAddress) {
    record.address = Ipv4Address(reader.Read<uint32_t>());
  } else {
    record.type = DnsRecord::Type::kAlias;
    record.target = reader.ReadName();
    if (reader.position() != end) reader.Fail(Malformed::kLength);
  }
  message.answers.push_back(std::move(record));
}

}  // namespace

std::optional<std::string> DnsName(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kDnsNameBytesMax) return std::nullopt;
  std::string name;
  size_t label = 0;
  for (char c : text) {
    label = c == '.' ? 0 : label + 1;
    const bool empty_label = c == '.' && (name.empty() || name.back() == '.');
    const auto byte = static_cast<unsigned char>(c);
    if (empty_label || label > kDnsLabelBytesMax || byte <= ' ' ||
        byte >= 127) {
      return std::nullopt;
    }
    name += LowerCase(c);
  }
  if (name.back() == '.') return std::nullopt;
  return name;
}

Parsed<DnsMessage> ParseDns(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderBytes) return Malformed::kTooShort;
  Reader reader(bytes);
  DnsMessage message;
  message.id = reader.Read<uint16_t>();
  const uint16_t flags = reader.Read<uint16_t>();
  message.is_response = (flags & kResponse) != 0;
  message.truncated = (flags & kTruncated) != 0;
  message.code = static_cast<DnsCode>(flags & 15);
  const uint16_t questions = reader.Read<uint16_t>();
  const uint16_t answers = reader.Read<uint16_t>();
  reader.Skip(4);  // Authorities and what else may help.
  if (questions != 1) return Malformed::kValue;
  if (answers > kDnsRecordsMax) return Malformed::kTooMany;
  ReadQuestion(reader, message);
  for (uint16_t i = 0; i < answers && !reader.failed(); ++i) {
    ReadRecord(reader, message);
  }
  if (reader.failed()) return reader.failure();
  return message;
}

size_t WriteDnsQuery(uint16_t id, std::string_view name,
                     std::span<std::byte, kDnsMessageBytesMax> to) {
  EBBRT_CHECK(!name.empty() && name.size() <= kDnsNameBytesMax);
  std::byte* at = StoreBig(to.data(), id);
  at = StoreBig(at, kRecursionDesired);
  for (uint16_t count : {1, 0, 0, 0}) at = StoreBig(at, count);
  while (!name.empty()) {
    const size_t length = std::min(name.find('.'), name.size());
    at = StoreBig(at, static_cast<uint8_t>(length));
    std::memcpy(at, name.data(), length);
    at += length;
    name.remove_prefix(std::min(length + 1, name.size()));
  }
  at = StoreBig(at, uint8_t{0});
  at = StoreBig(at, kTypeAddress);
  at = StoreBig(at, kClassInternet);
  return static_cast<size_t>(at - to.data());
}

}  // namespace ebbrt
