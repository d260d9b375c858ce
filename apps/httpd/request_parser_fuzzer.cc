// What clients may send: any bytes, cut anywhere.
//
// An input's first byte says how the rest is cut. A parser that gets it in
// pieces says the same as one that gets it whole.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "apps/httpd/request_parser.h"
#include "core/base/check.h"

namespace ebbrt::httpd {
namespace {

// Small, so that inputs reach them.
constexpr ParserLimits kLimits = {.head_bytes_max = 200,
                                  .content_bytes_max = 100};

std::string Events(std::string_view stream, size_t piece_bytes) {
  RequestParser parser(kLimits);
  std::string events;
  while (!stream.empty()) {
    std::string_view piece = stream.substr(0, piece_bytes);
    stream.remove_prefix(piece.size());
    while (!piece.empty()) {
      const size_t before = piece.size();
      RequestParser::Event event = parser.Parse(piece);
      if (event == RequestParser::Event::kError) {
        return events + std::to_string(static_cast<int>(parser.error()));
      }
      EBBRT_CHECK(piece.size() < before);
      if (event == RequestParser::Event::kMore) {
        EBBRT_CHECK(piece.empty());
        continue;
      }
      const Request& request = parser.request();
      const bool is_served =
          request.method == Method::kGet || request.method == Method::kHead;
      EBBRT_CHECK(is_served == request.path.starts_with('/'));
      EBBRT_CHECK(request.path.size() <= kLimits.head_bytes_max);
      events += request.path + (request.keep_alive ? "+" : "-") +
                static_cast<char>('0' + static_cast<int>(request.method));
    }
  }
  return events + (parser.is_between_requests() ? "." : "...");
}

}  // namespace
}  // namespace ebbrt::httpd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  if (bytes == 0) return 0;
  std::string_view stream(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  std::string whole = ebbrt::httpd::Events(stream, bytes);
  EBBRT_CHECK(ebbrt::httpd::Events(stream, size_t{1} + data[0]) == whole);
  return 0;
}
