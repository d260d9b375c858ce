// The words of HTTP that httpd speaks: methods and statuses.
//
// Cores: any. Blocks, allocates: never.
// Source: RFC 9110, sections 9 and 15; RFC 6585, section 5.
#ifndef EBBRT_APPS_HTTPD_HTTP_H_
#define EBBRT_APPS_HTTPD_HTTP_H_

#include <cstdint>
#include <string_view>

namespace ebbrt::httpd {

enum class Method : uint8_t {
  kGet,
  kHead,
  kOther,    // One that the standard has and a static page has not.
  kUnknown,  // Any other token.
};

enum class Status : uint16_t {
  kOk = 200,
  kBadRequest = 400,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kRequestTimeout = 408,
  kContentTooLarge = 413,
  kUriTooLong = 414,
  kHeadTooLarge = 431,
  kNotImplemented = 501,
  kVersionNotSupported = 505,
};

constexpr std::string_view ReasonOf(Status status) {
  switch (status) {
    case Status::kOk:
      return "OK";
    case Status::kBadRequest:
      return "Bad Request";
    case Status::kNotFound:
      return "Not Found";
    case Status::kMethodNotAllowed:
      return "Method Not Allowed";
    case Status::kRequestTimeout:
      return "Request Timeout";
    case Status::kContentTooLarge:
      return "Content Too Large";
    case Status::kUriTooLong:
      return "URI Too Long";
    case Status::kHeadTooLarge:
      return "Request Header Fields Too Large";
    case Status::kNotImplemented:
      return "Not Implemented";
    case Status::kVersionNotSupported:
      return "HTTP Version Not Supported";
  }
  return "";
}

}  // namespace ebbrt::httpd

#endif  // EBBRT_APPS_HTTPD_HTTP_H_
