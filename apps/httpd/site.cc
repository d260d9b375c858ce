#include "apps/httpd/site.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "apps/httpd/tokens.h"
#include "core/app/parameters.h"

namespace ebbrt::httpd {
namespace {

struct ErrorText {
  Status status;
  std::string_view says;
};

constexpr std::array<ErrorText, 9> kErrors = {{
    {Status::kBadRequest, "this is not an HTTP/1.1 request"},
    {Status::kNotFound, "there is nothing under this path"},
    {Status::kMethodNotAllowed, "pages can be had by GET and HEAD"},
    {Status::kRequestTimeout, "the request did not come to its end in time"},
    {Status::kContentTooLarge, "so much content is not read"},
    {Status::kUriTooLong, "no path here is that long"},
    {Status::kHeadTooLarge, "the request's headers are too long"},
    {Status::kNotImplemented, "no such method or transfer coding is known"},
    {Status::kVersionNotSupported, "HTTP/1.1 is spoken here"},
}};

constexpr std::string_view kWelcome =
    "<!DOCTYPE html>\n"
    "<html><head><title>EbbRT</title></head>\n"
    "<body><h1>It works</h1><p>This page was served by EbbRT.</p></body>"
    "</html>\n";

// Text that says where in it one is: a line of 64 bytes has its number.
std::unique_ptr<IOBuf> MakeFilling(size_t bytes) {
  constexpr size_t kLineBytes = 64;
  std::unique_ptr<IOBuf> filling = IOBuf::Create(bytes);
  if (filling == nullptr) return nullptr;
  auto* text = reinterpret_cast<char*>(filling->Append(bytes));
  for (size_t begin = 0; begin < bytes; begin += kLineBytes) {
    std::string line = std::to_string(begin);
    line.resize(kLineBytes - 1, '.');
    line.push_back('\n');
    std::memcpy(text + begin, line.data(), std::min(kLineBytes, bytes - begin));
  }
  return filling;
}

// The pages of the list, put into `site`; OK also where the reader has found
// errors, which it keeps.
absl::Status ReadPages(ParameterReader& reader, Site& site) {
  if (!reader.Has("pages")) {
    return site.Add("/", "text/html", IOBuf::Static(kWelcome))
               ? absl::OkStatus()
               : absl::ResourceExhaustedError("no memory for the pages");
  }
  size_t room = Site::kSiteBytesMax;
  for (ParameterReader& page : reader.Objects("pages")) {
    const std::string path = page.Text("path", "/");
    if (!path.starts_with('/') || path.size() > Site::kPathBytesMax) {
      page.Reject("path", "a path that begins with /, of at most " +
                              std::to_string(Site::kPathBytesMax) + " bytes");
    }
    std::string type = page.Text("type", "text/html");
    if (!IsFieldValue(type) || type.empty()) {
      page.Reject("type", "a media type, such as \"text/html\"");
      continue;
    }
    std::string body = page.Text("body", "");
    const auto bytes = static_cast<size_t>(page.Integer(
        "bytes", static_cast<int64_t>(body.size()),
        {.max = static_cast<int64_t>(Site::kSiteBytesMax), .unit = "bytes"}));
    if (page.Has("body") == page.Has("bytes")) {
      page.Reject("bytes", "either this or body, for each page");
      continue;
    }
    if (bytes > room) {
      page.Reject("bytes", "no more than 1 GiB for all pages together");
      continue;
    }
    room -= bytes;
    std::unique_ptr<IOBuf> content =
        page.Has("bytes") ? MakeFilling(bytes)
                          : IOBuf::CopyOf(std::string_view(body));
    if (content == nullptr) {
      return absl::ResourceExhaustedError("no memory for the page " + path);
    }
    if (!site.Add(path, std::move(type), std::move(content))) {
      page.Reject("path", "a path of its own for each page");
    }
  }
  return absl::OkStatus();
}

}  // namespace

Site::Site() {
  for (const ErrorText& error : kErrors) {
    std::string text = std::to_string(static_cast<int>(error.status)) + " " +
                       std::string(ReasonOf(error.status)) + ": " +
                       std::string(error.says) + ".\n";
    pages_.push_back({error.status, "text/plain", IOBuf::CopyOf(text)});
  }
}

bool Site::Add(const std::string& path, std::string type,
               std::unique_ptr<IOBuf> body) {
  if (body == nullptr || !numbers_.emplace(path, pages_.size()).second) {
    return false;
  }
  pages_.push_back({Status::kOk, std::move(type), std::move(body)});
  return true;
}

size_t Site::PageOf(Status error) const {
  for (size_t i = 0; i < kErrors.size(); ++i) {
    if (kErrors[i].status == error) return i;
  }
  return 0;
}

size_t Site::PageOf(const std::string& path) const {
  auto found = numbers_.find(path);
  return found == numbers_.end() ? PageOf(Status::kNotFound) : found->second;
}

absl::StatusOr<std::shared_ptr<const Configuration>> ReadConfiguration(
    const nlohmann::json& parameters) {
  constexpr int64_t kConnectionsMax = 1'000'000;
  constexpr int64_t kIdleSecondsMax = 24 * 3600;
  constexpr int64_t kHeadBytesMin = 64;
  constexpr int64_t kHeadBytesMax = 1 << 20;
  constexpr int64_t kContentBytesMax = 1 << 30;
  auto configuration = std::make_shared<Configuration>();
  Settings& settings = configuration->settings;
  ParameterReader reader(parameters);
  absl::StatusOr<IpAddress> address =
      IpAddress::Parse(reader.Text("address", "0.0.0.0"));
  if (address.ok()) {
    settings.endpoint.address = *address;
  } else {
    reader.Reject("address", "an IP address, such as \"127.0.0.1\"");
  }
  settings.endpoint.port = static_cast<uint16_t>(
      reader.Integer("port", 8080, {.min = 0, .max = 65535}));
  settings.connections_max = static_cast<uint32_t>(
      reader.Integer("connections_max", settings.connections_max,
                     {.min = 1, .max = kConnectionsMax}));
  settings.idle_timeout = std::chrono::seconds(
      reader.Integer("idle_timeout_s", 60,
                     {.min = 1, .max = kIdleSecondsMax, .unit = "seconds"}));
  auto bytes = [&reader](std::string_view key, size_t otherwise, int64_t min,
                         int64_t max) {
    return static_cast<size_t>(
        reader.Integer(key, static_cast<int64_t>(otherwise),
                       {.min = min, .max = max, .unit = "bytes"}));
  };
  settings.limits.head_bytes_max =
      bytes("head_bytes_max", settings.limits.head_bytes_max, kHeadBytesMin,
            kHeadBytesMax);
  settings.limits.content_bytes_max =
      bytes("content_bytes_max", settings.limits.content_bytes_max, 0,
            kContentBytesMax);
  absl::Status pages = ReadPages(reader, configuration->site);
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  if (!pages.ok()) return pages;
  return configuration;
}

}  // namespace ebbrt::httpd
