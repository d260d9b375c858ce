// The classic text protocol: lines, and values between them.
//
//   get KEY\r\n                  VALUE KEY FLAGS BYTES\r\n
//                               (value) \r\n END\r\n
//   set KEY 0 0 BYTES\r\n        STORED\r\n
//   (value) \r\n
#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "apps/loadgen/line_reader.h"
#include "apps/loadgen/protocol.h"

namespace ebbrt::loadgen::internal {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kGet = "get ";
constexpr std::string_view kSet = "set ";
constexpr std::string_view kZeroFlagsAndExpiry = " 0 0 ";

char* Put(char* to, std::string_view text) {
  return std::copy(text.begin(), text.end(), to);
}

class TextClient final : public ProtocolClient {
 public:
  explicit TextClient(bool wants_values) : wants_values_(wants_values) {}

  void Encode(const Request& request, const Workload& workload,
              RequestWriter& writer) override;
  bool Parse(std::span<const std::byte> bytes, ReplySink& sink) override;

 private:
  bool OnLine(std::string_view line, ReplySink& sink);
  bool BeginValue(std::string_view line);
  // Takes what `bytes` has of a value and the line end behind it.
  bool TakeValue(std::span<const std::byte>& bytes, ReplySink& sink);

  const bool wants_values_;
  LineReader lines_;
  // Whether a value has come since the last END.
  bool hit_ = false;
  // The value that is being read, if any, counting the line end behind it.
  size_t value_bytes_ = 0;
  size_t value_read_ = 0;
  size_t value_left_ = 0;
};

void TextClient::Encode(const Request& request, const Workload& workload,
                        RequestWriter& writer) {
  constexpr size_t kWordsBytesMax = 64;  // All but key and value.
  char* const begin = writer.Reserve(kWordsBytesMax + kKeyRoomBytes +
                                     kCopiedValueBytesMax);
  char* to = Put(begin, request.is_set ? kSet : kGet);
  workload.WriteKey(request.key, to);
  to += workload.KeyBytes(request.key);
  if (request.is_set) {
    to = Put(to, kZeroFlagsAndExpiry);
    to = std::to_chars(to, to + 10, request.value_bytes).ptr;
    to = Put(to, kLineEnd);
    size_t copied = CopySmallValue(request, to);
    to += copied;
    if (copied < request.value_bytes) {
      writer.Commit(static_cast<size_t>(to - begin));
      writer.AddStatic(Workload::Value(request.key, request.value_bytes));
      std::memcpy(writer.Reserve(kLineEnd.size()), kLineEnd.data(),
                  kLineEnd.size());
      writer.Commit(kLineEnd.size());
      return;
    }
  }
  to = Put(to, kLineEnd);
  writer.Commit(static_cast<size_t>(to - begin));
}

bool TextClient::Parse(std::span<const std::byte> bytes, ReplySink& sink) {
  while (!bytes.empty()) {
    if (value_left_ > 0) {
      if (!TakeValue(bytes, sink)) return false;
      continue;
    }
    bool overlong = false;
    std::optional<std::string_view> line = lines_.Take(bytes, overlong);
    if (overlong) return false;
    if (line.has_value() && !OnLine(*line, sink)) return false;
  }
  return true;
}

bool TextClient::OnLine(std::string_view line, ReplySink& sink) {
  if (line.starts_with("VALUE ")) return !hit_ && BeginValue(line.substr(6));
  if (line == "END") {
    bool hit = hit_;
    hit_ = false;
    return sink.OnReply(hit ? Reply::kHit : Reply::kMiss);
  }
  if (hit_) return false;
  if (line == "STORED") return sink.OnReply(Reply::kStored);
  if (line == "NOT_STORED" || line == "ERROR" ||
      line.starts_with("CLIENT_ERROR") || line.starts_with("SERVER_ERROR")) {
    return sink.OnReply(Reply::kRefused);
  }
  return false;
}

bool TextClient::BeginValue(std::string_view line) {
  // "KEY FLAGS BYTES", and perhaps more.
  for (int word = 0; word < 2; ++word) {
    size_t space = line.find(' ');
    if (space == std::string_view::npos) return false;
    line.remove_prefix(space + 1);
  }
  auto [end, error] =
      std::from_chars(line.data(), line.data() + line.size(), value_bytes_);
  if (error != std::errc() || value_bytes_ > kBodyBytesMax) return false;
  hit_ = true;
  value_read_ = 0;
  value_left_ = value_bytes_ + kLineEnd.size();
  return true;
}

bool TextClient::TakeValue(std::span<const std::byte>& bytes,
                           ReplySink& sink) {
  size_t taken = std::min(value_left_, bytes.size());
  std::span<const std::byte> piece = bytes.first(taken);
  size_t data = std::min(value_bytes_ - std::min(value_read_, value_bytes_),
                         taken);
  if (data > 0 && wants_values_) {
    sink.OnValue(value_bytes_, value_read_, piece.first(data));
  }
  value_read_ += taken;
  value_left_ -= taken;
  bytes = bytes.subspan(taken);
  // What is behind the value has to be a line end.
  for (size_t i = data; i < taken; ++i) {
    size_t place = value_read_ - taken + i - value_bytes_;
    if (static_cast<char>(piece[i]) != kLineEnd[place]) return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<ProtocolClient> CreateTextClient(bool wants_values) {
  return std::make_unique<TextClient>(wants_values);
}

}  // namespace ebbrt::loadgen::internal
