// HTTP/1.1, one page again and again, on connections that are kept.
//
//   GET PATH HTTP/1.1\r\n        HTTP/1.1 200 OK\r\n
//   Host: ADDRESS\r\n            Content-Length: BYTES\r\n
//   \r\n                         \r\n (body)
//
// Source: RFC 9112, sections 2 to 6. A response is as long as its
// Content-Length says; one without it, or in chunks, ends parsing.
#include <algorithm>
#include <cctype>
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

constexpr std::string_view kGet = "GET ";
constexpr std::string_view kVersionAndHost = " HTTP/1.1\r\nHost: ";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

char* Put(char* to, std::string_view text) {
  return std::copy(text.begin(), text.end(), to);
}

// Whether `line` is a field of that name, in small letters; its value then.
std::optional<std::string_view> ValueOf(std::string_view line,
                                        std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') {
    return std::nullopt;
  }
  for (size_t i = 0; i < name.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(line[i])) != name[i]) {
      return std::nullopt;
    }
  }
  line.remove_prefix(name.size() + 1);
  const size_t begin = line.find_first_not_of(" \t");
  const size_t end = line.find_last_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return line.substr(begin, end + 1 - begin);
}

class HttpClient final : public ProtocolClient {
 public:
  explicit HttpClient(bool wants_values) : wants_values_(wants_values) {}

  void Encode(const Request& request, const Workload& workload,
              RequestWriter& writer) override;
  bool Parse(std::span<const std::byte> bytes, ReplySink& sink) override;

 private:
  enum class Part { kStatus, kFields, kBody };

  bool OnLine(std::string_view line, ReplySink& sink);
  bool OnStatus(std::string_view line);
  bool OnField(std::string_view line);
  bool OnHeadEnd(ReplySink& sink);
  void TakeBody(std::span<const std::byte>& bytes, ReplySink& sink);
  bool EndResponse(ReplySink& sink);

  const bool wants_values_;
  LineReader lines_;
  Part part_ = Part::kStatus;
  int status_ = 0;
  std::optional<size_t> body_bytes_;
  size_t body_read_ = 0;
};

void HttpClient::Encode(const Request& request, const Workload& workload,
                        RequestWriter& writer) {
  const Workload::Page& page = workload.page();
  char* const begin =
      writer.Reserve(kGet.size() + page.path.size() + kVersionAndHost.size() +
                     page.host.size() + kHeadEnd.size());
  char* to = Put(begin, kGet);
  to = Put(to, page.path);
  to = Put(to, kVersionAndHost);
  to = Put(to, page.host);
  to = Put(to, kHeadEnd);
  writer.Commit(static_cast<size_t>(to - begin));
}

bool HttpClient::Parse(std::span<const std::byte> bytes, ReplySink& sink) {
  while (!bytes.empty()) {
    if (part_ == Part::kBody) {
      TakeBody(bytes, sink);
      if (body_read_ == *body_bytes_ && !EndResponse(sink)) return false;
      continue;
    }
    bool overlong = false;
    std::optional<std::string_view> line = lines_.Take(bytes, overlong);
    if (overlong) return false;
    if (line.has_value() && !OnLine(*line, sink)) return false;
  }
  return true;
}

bool HttpClient::OnLine(std::string_view line, ReplySink& sink) {
  if (part_ == Part::kStatus) return OnStatus(line);
  return line.empty() ? OnHeadEnd(sink) : OnField(line);
}

bool HttpClient::OnStatus(std::string_view line) {
  // "HTTP/1.1 200 OK"; a reason is not always given.
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr size_t kCodeAt = kVersion.size() + 2;
  constexpr size_t kCodeEnd = kCodeAt + 3;
  if (!line.starts_with(kVersion) || line.size() < kCodeEnd) return false;
  auto [end, error] = std::from_chars(line.data() + kCodeAt,
                                      line.data() + kCodeEnd, status_);
  // Below 200 another response would follow, for which nobody has asked.
  if (error != std::errc() || end != line.data() + kCodeEnd || status_ < 200) {
    return false;
  }
  part_ = Part::kFields;
  return true;
}

bool HttpClient::OnField(std::string_view line) {
  if (ValueOf(line, "transfer-encoding").has_value()) return false;
  std::optional<std::string_view> length = ValueOf(line, "content-length");
  if (!length.has_value()) return true;
  size_t bytes = 0;
  const char* const length_end = length->data() + length->size();
  auto [end, error] = std::from_chars(length->data(), length_end, bytes);
  if (error != std::errc() || end != length_end || bytes > kBodyBytesMax ||
      body_bytes_.has_value()) {
    return false;
  }
  body_bytes_ = bytes;
  return true;
}

bool HttpClient::OnHeadEnd(ReplySink& sink) {
  // These two have no body, whatever their fields say (section 6.3).
  if (status_ == 204 || status_ == 304) body_bytes_ = 0;
  if (!body_bytes_.has_value()) return false;
  if (*body_bytes_ == 0) return EndResponse(sink);
  part_ = Part::kBody;
  return true;
}

void HttpClient::TakeBody(std::span<const std::byte>& bytes, ReplySink& sink) {
  const size_t taken = std::min(*body_bytes_ - body_read_, bytes.size());
  if (wants_values_) {
    sink.OnValue(*body_bytes_, body_read_, bytes.first(taken));
  }
  body_read_ += taken;
  bytes = bytes.subspan(taken);
}

bool HttpClient::EndResponse(ReplySink& sink) {
  part_ = Part::kStatus;
  body_bytes_.reset();
  body_read_ = 0;
  return sink.OnReply(status_ < 300 ? Reply::kHit : Reply::kRefused);
}

}  // namespace

std::unique_ptr<ProtocolClient> CreateHttpClient(bool wants_values) {
  return std::make_unique<HttpClient>(wants_values);
}

}  // namespace ebbrt::loadgen::internal
