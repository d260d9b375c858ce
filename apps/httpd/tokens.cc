#include "apps/httpd/tokens.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

namespace ebbrt::httpd {
namespace {

constexpr bool IsAlphanumeric(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (size_t c = 0; c < table.size(); ++c) {
    table[c] = IsAlphanumeric(static_cast<unsigned char>(c));
  }
  for (unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) table[c] = true;
  return table;
}

constexpr std::array<bool, 256> kIsTokenCharacter = MakeTokenTable();

constexpr unsigned char LowerCase(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c + ('a' - 'A')) : c;
}

// Visible characters only: what a target consists of. Bytes beyond ASCII are
// not allowed there, but sent, and mean what they mean once decoded.
bool IsVisible(unsigned char c) { return c > ' ' && c != 0x7f; }

// The path and query of an absolute URI; empty if `target` is none.
std::string_view WithoutAuthority(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    std::string_view rest = target.substr(scheme.size());
    size_t end = rest.find_first_of("/?#");
    if (rest.empty() || end == 0) return "";
    if (end == std::string_view::npos || rest[end] != '/') return "/";
    return rest.substr(end);
  }
  return "";
}

}  // namespace

bool IsToken(std::string_view text) {
  for (unsigned char c : text) {
    if (!kIsTokenCharacter[c]) return false;
  }
  return !text.empty();
}

bool IsFieldValue(std::string_view text) {
  for (unsigned char c : text) {
    if ((c < ' ' && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (LowerCase(static_cast<unsigned char>(a[i])) !=
        LowerCase(static_cast<unsigned char>(b[i]))) {
      return false;
    }
  }
  return true;
}

std::string_view Trim(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string_view NextOfList(std::string_view& list) {
  size_t comma = list.find(',');
  std::string_view first = list.substr(0, comma);
  list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
  return Trim(first);
}

std::optional<uint64_t> ParseNumber(std::string_view text, int base) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  // It knows no sign, as the type has none.
  auto [parsed, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || parsed != end) return std::nullopt;
  if (number > uint64_t{std::numeric_limits<int64_t>::max()}) {
    return std::nullopt;
  }
  return number;
}

bool DecodePath(std::string_view target, std::string& path) {
  if (!target.starts_with('/')) target = WithoutAuthority(target);
  if (target.empty()) return false;
  target = target.substr(0, target.find('?'));
  path.clear();
  for (size_t i = 0; i < target.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(target[i]);
    if (!IsVisible(c) || c == '#') return false;
    if (c == '%') {
      if (target.size() - i < 3) return false;
      std::optional<uint64_t> code = ParseNumber(target.substr(i + 1, 2), 16);
      if (!code.has_value()) return false;
      c = static_cast<unsigned char>(*code);
      i += 2;
    }
    path.push_back(static_cast<char>(c));
  }
  return true;
}

}  // namespace ebbrt::httpd
