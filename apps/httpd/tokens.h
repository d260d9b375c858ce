// The smallest parts of HTTP messages: tokens, numbers, encoded paths.
//
// Cores: any. Ownership: views of the caller's text. Blocks: never.
// Allocates: DecodePath, where the path is long.
// Source: RFC 9110, section 5.6; RFC 3986, section 2.1.
#ifndef EBBRT_APPS_HTTPD_TOKENS_H_
#define EBBRT_APPS_HTTPD_TOKENS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ebbrt::httpd {

// Whether `text` is a token: a method, or the name of a header.
bool IsToken(std::string_view text);
// Whether `text` may be the value of a header: no control characters but tabs.
bool IsFieldValue(std::string_view text);

bool EqualsIgnoringCase(std::string_view a, std::string_view b);
// Without spaces and tabs around it.
std::string_view Trim(std::string_view text);
// The part before the first comma of a list, trimmed; `list` keeps the rest.
std::string_view NextOfList(std::string_view& list);

// All of `text` as a number in base 10 or 16; none if it is not one, or does
// not fit into 63 bits.
std::optional<uint64_t> ParseNumber(std::string_view text, int base);

// Puts the path of a request's target into `path`, decoded and without its
// query. False if the target is no path, nor an absolute URI that has one.
bool DecodePath(std::string_view target, std::string& path);

}  // namespace ebbrt::httpd

#endif  // EBBRT_APPS_HTTPD_TOKENS_H_
