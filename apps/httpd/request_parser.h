// RequestParser: the bytes of one HTTP/1.1 connection in, its requests out.
//
//   while (!bytes.empty()) {
//     switch (parser.Parse(bytes)) {
//       case RequestParser::Event::kMore: break;      // All consumed.
//       case RequestParser::Event::kRequest: Answer(parser.request()); break;
//       case RequestParser::Event::kError: Refuse(parser.error()); return;
//     }
//   }
//
// A line is parsed where it stands; only one that is cut is copied together. A
// request is told when its head is there; its content is skipped by the calls
// that follow. So one that waits for leave to send its content (Expect) gets
// its answer at once.
//
// Cores: one. Ownership: itself only. Blocks: never. Allocates: for a cut line,
// and for a long path. Bound: ParserLimits.
// Errors: what is no request, or more than the limits allow, is a status to
// answer with; after it nothing more can be parsed, since nobody knows where
// the next request begins.
// Source: RFC 9112; RFC 3986, section 2.1 (percent-encoding).
#ifndef EBBRT_APPS_HTTPD_REQUEST_PARSER_H_
#define EBBRT_APPS_HTTPD_REQUEST_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/httpd/http.h"
#include "core/base/types.h"

namespace ebbrt::httpd {

struct ParserLimits {
  // Of a request line and all header lines together.
  size_t head_bytes_max = 8 * kKiB;
  // Of content, which nobody reads; with its framing, if that is chunked.
  size_t content_bytes_max = 1 * kMiB;
};

struct Request {
  Method method = Method::kGet;
  // Decoded, and without the query; "/" at least. Empty unless kGet or kHead.
  std::string path = {};
  bool is_http_1_0 = false;
  bool keep_alive = false;
};

class RequestParser {
 public:
  enum class Event { kMore, kRequest, kError };

  explicit RequestParser(const ParserLimits& limits) : limits_(limits) {}

  // Consumes from the front of `bytes`: all of it, or up to the end of the next
  // request's head, or up to an error.
  Event Parse(std::string_view& bytes);

  // Of the last event, if it was kRequest; valid until the next call of Parse.
  const Request& request() const { return request_; }
  // The last event's, if it was kError.
  Status error() const { return error_; }

  // Whether the next byte would begin a request.
  bool is_between_requests() const {
    return state_ == State::kRequestLine && partial_.empty();
  }

 private:
  enum class State : uint8_t {
    kRequestLine,
    kHeader,
    kContent,     // remaining_ bytes.
    kChunkSize,
    kChunk,       // remaining_ bytes.
    kChunkEnd,
    kTrailer,
    kFailed,
  };

  Event Fail(Status status);
  void BeginRequest();
  void SkipContent(std::string_view& bytes);
  // What a section may still have is used up by `bytes`; false if it is more.
  bool Charge(size_t bytes);
  // A whole line, without its end.
  Event OnLine(std::string_view line);
  Event OnRequestLine(std::string_view line);
  Event OnHeader(std::string_view line);
  Event OnContentLength(std::string_view value);
  Event OnHeadEnd();
  Event OnChunkSize(std::string_view line);

  const ParserLimits& limits_;
  State state_ = State::kRequestLine;
  Status error_ = Status::kBadRequest;
  bool has_host_ = false;
  bool is_chunked_ = false;
  bool closes_ = false;      // Connection: close.
  bool keeps_alive_ = false; // Connection: keep-alive.
  std::optional<uint64_t> content_length_;
  size_t section_bytes_ = 0;  // Of the head, or of chunked content, so far.
  uint64_t remaining_ = 0;
  std::string partial_;       // The first part of a line that was cut.
  Request request_;
};

}  // namespace ebbrt::httpd

#endif  // EBBRT_APPS_HTTPD_REQUEST_PARSER_H_
