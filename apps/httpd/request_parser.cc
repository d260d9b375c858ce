#include "apps/httpd/request_parser.h"

#include <algorithm>

#include "apps/httpd/tokens.h"

namespace ebbrt::httpd {
namespace {

Method MethodOf(std::string_view name) {
  if (name == "GET") return Method::kGet;
  if (name == "HEAD") return Method::kHead;
  for (std::string_view other : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH",
                                 "TRACE", "CONNECT"}) {
    if (name == other) return Method::kOther;
  }
  return Method::kUnknown;
}

}  // namespace

RequestParser::Event RequestParser::Fail(Status status) {
  state_ = State::kFailed;
  error_ = status;
  return Event::kError;
}

void RequestParser::BeginRequest() {
  state_ = State::kRequestLine;
  has_host_ = is_chunked_ = closes_ = keeps_alive_ = false;
  content_length_.reset();
  section_bytes_ = 0;
}

bool RequestParser::Charge(size_t bytes) {
  const bool in_head =
      state_ == State::kRequestLine || state_ == State::kHeader;
  const size_t limit =
      in_head ? limits_.head_bytes_max : limits_.content_bytes_max;
  if (bytes > limit - section_bytes_) {
    if (!in_head) {
      Fail(Status::kContentTooLarge);
    } else if (state_ == State::kRequestLine) {
      Fail(Status::kUriTooLong);
    } else {
      Fail(Status::kHeadTooLarge);
    }
    return false;
  }
  section_bytes_ += bytes;
  return true;
}

RequestParser::Event RequestParser::Parse(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (state_ == State::kFailed) return Event::kError;
    if (state_ == State::kContent || state_ == State::kChunk) {
      SkipContent(bytes);
      continue;
    }
    const size_t line_end = bytes.find('\n');
    const bool is_cut = line_end == std::string_view::npos;
    std::string_view line = bytes.substr(0, is_cut ? line_end : line_end + 1);
    if (!Charge(line.size())) return Event::kError;
    bytes.remove_prefix(line.size());
    if (is_cut || !partial_.empty()) {
      partial_.append(line);
      if (is_cut) return Event::kMore;
      line = partial_;
    }
    line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    Event event = OnLine(line);
    partial_.clear();
    if (event != Event::kMore) return event;
  }
  return Event::kMore;
}

void RequestParser::SkipContent(std::string_view& bytes) {
  const uint64_t skipped = std::min<uint64_t>(remaining_, bytes.size());
  bytes.remove_prefix(static_cast<size_t>(skipped));
  remaining_ -= skipped;
  if (remaining_ > 0) return;
  if (state_ == State::kChunk) {
    state_ = State::kChunkEnd;
  } else {
    BeginRequest();
  }
}

RequestParser::Event RequestParser::OnLine(std::string_view line) {
  switch (state_) {
    case State::kRequestLine:
      // Some clients send an empty line behind what they sent before.
      return line.empty() ? Event::kMore : OnRequestLine(line);
    case State::kHeader:
      return line.empty() ? OnHeadEnd() : OnHeader(line);
    case State::kChunkSize:
      return OnChunkSize(line);
    case State::kChunkEnd:
      if (!line.empty()) return Fail(Status::kBadRequest);
      state_ = State::kChunkSize;
      return Event::kMore;
    case State::kTrailer:
      if (line.empty()) BeginRequest();
      return Event::kMore;
    case State::kContent:
    case State::kChunk:
    case State::kFailed:
      break;
  }
  return Fail(Status::kBadRequest);
}

// METHOD SP TARGET SP HTTP/1.x
RequestParser::Event RequestParser::OnRequestLine(std::string_view line) {
  const size_t method_end = line.find(' ');
  const size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == target_end) {
    return Fail(Status::kBadRequest);
  }
  std::string_view method = line.substr(0, method_end);
  std::string_view target =
      line.substr(method_end + 1, target_end - method_end - 1);
  std::string_view version = line.substr(target_end + 1);
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!IsToken(method) || version.size() != 8 ||
      !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return Fail(Status::kBadRequest);
  }
  if (version[5] != '1') return Fail(Status::kVersionNotSupported);
  request_.is_http_1_0 = version[7] == '0';
  request_.method = MethodOf(method);
  request_.path.clear();
  // Whatever else is asked for, and in whatever form, is not here.
  if (request_.method == Method::kGet || request_.method == Method::kHead) {
    if (!DecodePath(target, request_.path)) return Fail(Status::kBadRequest);
  }
  state_ = State::kHeader;
  return Event::kMore;
}

RequestParser::Event RequestParser::OnHeader(std::string_view line) {
  const size_t colon = line.find(':');
  // This also refuses a line that goes on with the one before, and a space
  // before the colon, which others might read as something else.
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
    return Fail(Status::kBadRequest);
  }
  std::string_view name = line.substr(0, colon);
  std::string_view value = Trim(line.substr(colon + 1));
  if (!IsFieldValue(value)) return Fail(Status::kBadRequest);
  if (EqualsIgnoringCase(name, "host")) {
    if (has_host_) return Fail(Status::kBadRequest);
    has_host_ = true;
  } else if (EqualsIgnoringCase(name, "connection")) {
    while (!value.empty()) {
      std::string_view option = NextOfList(value);
      if (EqualsIgnoringCase(option, "close")) closes_ = true;
      if (EqualsIgnoringCase(option, "keep-alive")) keeps_alive_ = true;
    }
  } else if (EqualsIgnoringCase(name, "content-length")) {
    return OnContentLength(value);
  } else if (EqualsIgnoringCase(name, "transfer-encoding")) {
    // HTTP/1.0 has none. Two lines of it say that the chunks are not outermost.
    if (is_chunked_ || request_.is_http_1_0) return Fail(Status::kBadRequest);
    if (!EqualsIgnoringCase(value, "chunked")) {
      return Fail(Status::kNotImplemented);
    }
    is_chunked_ = true;
  }
  return Event::kMore;
}

RequestParser::Event RequestParser::OnContentLength(std::string_view value) {
  std::optional<uint64_t> length = ParseNumber(value, 10);
  // A second one, even an equal one, is a sign of an attempt to have two
  // readers see two different messages.
  if (!length.has_value() || content_length_.has_value()) {
    return Fail(Status::kBadRequest);
  }
  content_length_ = length;
  return Event::kMore;
}

RequestParser::Event RequestParser::OnHeadEnd() {
  if (!has_host_ && !request_.is_http_1_0) return Fail(Status::kBadRequest);
  if (is_chunked_ && content_length_.has_value()) {
    return Fail(Status::kBadRequest);
  }
  const uint64_t length = content_length_.value_or(0);
  if (length > limits_.content_bytes_max) {
    return Fail(Status::kContentTooLarge);
  }
  request_.keep_alive =
      !closes_ && (!request_.is_http_1_0 || keeps_alive_);
  if (is_chunked_) {
    state_ = State::kChunkSize;
    section_bytes_ = 0;
  } else if (length > 0) {
    state_ = State::kContent;
    remaining_ = length;
  } else {
    BeginRequest();
  }
  return Event::kRequest;
}

// SIZE [; EXTENSIONS]
RequestParser::Event RequestParser::OnChunkSize(std::string_view line) {
  std::optional<uint64_t> size =
      ParseNumber(Trim(line.substr(0, line.find(';'))), 16);
  if (!size.has_value()) return Fail(Status::kBadRequest);
  if (*size == 0) {
    state_ = State::kTrailer;
    return Event::kMore;
  }
  if (*size > limits_.content_bytes_max) {
    return Fail(Status::kContentTooLarge);
  }
  if (!Charge(static_cast<size_t>(*size))) return Event::kError;
  state_ = State::kChunk;
  remaining_ = *size;
  return Event::kMore;
}

}  // namespace ebbrt::httpd
