#include "core/net/endpoint.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace ebbrt {
namespace {

constexpr int kGroups = 8;  // 16-bit groups in an IPv6 address.

absl::Status Invalid(std::string_view text, std::string_view expected) {
  // Text may come from anywhere: what is quoted is short and printable.
  constexpr size_t kQuotedBytesMax = 64;
  std::string quoted(text.substr(0, kQuotedBytesMax));
  return absl::InvalidArgumentError(
      "found \"" + absl::CHexEscape(quoted) +
      (quoted.size() < text.size() ? "...\"" : "\"") + ", expected " +
      std::string(expected));
}

// The number that makes up all of `text`, in at most `digits_max` digits.
std::optional<uint32_t> ParseNumber(std::string_view text, uint32_t base,
                                    size_t digits_max) {
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  uint32_t number = 0;
  for (char c : text) {
    uint32_t digit;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return std::nullopt;
    }
    if (digit >= base) return std::nullopt;
    number = number * base + digit;
  }
  return number;
}

// A number as people write it: decimal, without leading zeros, which some
// systems would read as octal.
std::optional<uint32_t> ParseDecimal(std::string_view text, uint32_t max) {
  constexpr size_t kDigitsMax = 5;
  std::optional<uint32_t> number = ParseNumber(text, 10, kDigitsMax);
  if (!number.has_value() || *number > max) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return number;
}

// Four numbers, to the four bytes at `bytes`.
bool ParseV4(std::string_view text, uint8_t* bytes) {
  for (int i = 0; i < 4; ++i) {
    size_t end = i < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return false;
    std::optional<uint32_t> number = ParseDecimal(text.substr(0, end), 255);
    if (!number.has_value()) return false;
    bytes[i] = static_cast<uint8_t>(*number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

// Groups of a run without "::", each with a colon before the next; the last
// may be an IPv4 address. Appends them to `bytes` at `*length`.
bool ParseGroups(std::string_view text, bool may_end_in_v4,
                 std::array<uint8_t, 16>& bytes, size_t* length) {
  while (true) {
    size_t colon = text.find(':');
    std::string_view group = text.substr(0, colon);
    bool last = colon == std::string_view::npos;
    if (last && may_end_in_v4 && group.find('.') != std::string_view::npos) {
      if (*length + 4 > bytes.size()) return false;
      if (!ParseV4(group, &bytes[*length])) return false;
      *length += 4;
      return true;
    }
    std::optional<uint32_t> number = ParseNumber(group, 16, 4);
    if (!number.has_value() || *length + 2 > bytes.size()) return false;
    bytes[(*length)++] = static_cast<uint8_t>(*number >> 8);
    bytes[(*length)++] = static_cast<uint8_t>(*number & 0xff);
    if (last) return true;
    text.remove_prefix(colon + 1);
  }
}

bool ParseV6(std::string_view text, std::array<uint8_t, 16>& bytes) {
  size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    size_t length = 0;
    return ParseGroups(text, true, bytes, &length) && length == bytes.size();
  }
  std::string_view before = text.substr(0, gap);
  std::string_view after = text.substr(gap + 2);
  size_t front = 0;
  if (!before.empty() && !ParseGroups(before, false, bytes, &front)) {
    return false;
  }
  std::array<uint8_t, 16> tail{};
  size_t back = 0;
  if (!after.empty() && !ParseGroups(after, true, tail, &back)) return false;
  // The gap stands for at least one group.
  if (front + back > bytes.size() - 2) return false;
  std::fill(bytes.begin() + front, bytes.end() - back, uint8_t{0});
  std::copy(tail.begin(), tail.begin() + back, bytes.end() - back);
  return true;
}

// RFC 5952: the longest run of two or more zero groups, the first of equal
// ones, becomes "::".
std::string V6ToString(const std::array<uint8_t, 16>& bytes) {
  uint32_t groups[kGroups];
  for (int i = 0; i < kGroups; ++i) {
    groups[i] = uint32_t{bytes[2 * i]} << 8 | bytes[2 * i + 1];
  }
  int run_start = kGroups;
  int run_length = 1;
  for (int i = 0; i < kGroups; ++i) {
    int end = i;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - i > run_length) {
      run_start = i;
      run_length = end - i;
    }
  }
  std::string text;
  for (int i = 0; i < kGroups;) {
    if (i == run_start) {
      text += "::";
      i += run_length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    absl::StrAppend(&text, absl::Hex(groups[i++]));
  }
  return text;
}

}  // namespace

absl::StatusOr<IpAddress> IpAddress::Parse(std::string_view text) {
  std::array<uint8_t, 16> bytes;
  if (text.find(':') != std::string_view::npos) {
    if (ParseV6(text, bytes)) return V6(bytes);
  } else if (uint8_t v4[4]; ParseV4(text, v4)) {
    return V4(v4[0], v4[1], v4[2], v4[3]);
  }
  return Invalid(text, "an IP address such as 10.0.0.1 or ::1");
}

std::string IpAddress::ToString() const {
  if (!is_v4()) return V6ToString(bytes_);
  return absl::StrCat(bytes_[12], ".", bytes_[13], ".", bytes_[14], ".",
                      bytes_[15]);
}

absl::StatusOr<Endpoint> Endpoint::Parse(std::string_view text) {
  constexpr std::string_view kExpected =
      "an endpoint such as 10.0.0.1:80 or [::1]:80";
  // The last colon: an IPv6 address has its own, and stands in brackets.
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Invalid(text, kExpected);
  std::string_view host = text.substr(0, colon);
  bool bracketed =
      host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  bool has_colon = host.find(':') != std::string_view::npos;
  absl::StatusOr<IpAddress> address = IpAddress::Parse(host);
  std::optional<uint32_t> port = ParseDecimal(text.substr(colon + 1), 65535);
  if (!address.ok() || !port.has_value() || bracketed != has_colon) {
    return Invalid(text, kExpected);
  }
  return Endpoint{*address, static_cast<uint16_t>(*port)};
}

std::string Endpoint::ToString() const {
  return address.is_v4() ? absl::StrCat(address.ToString(), ":", port)
                         : absl::StrCat("[", address.ToString(), "]:", port);
}

}  // namespace ebbrt
