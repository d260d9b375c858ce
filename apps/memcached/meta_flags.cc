#include "apps/memcached/meta_flags.h"

#include <bitset>

#include "apps/memcached/base64.h"
#include "apps/memcached/decimal.h"

namespace ebbrt::memcached::meta {
namespace {

constexpr std::string_view kBadToken =
    "CLIENT_ERROR bad token in command line format\r\n";

std::string_view ParseTime(std::string_view argument, const Clock& clock,
                           uint32_t* second) {
  int64_t time;
  if (!ParseDecimal(argument, &time)) return kBadToken;
  *second = clock.Expiry(time);
  return "";
}

// Reads one flag. A flag that is known, but nothing to this command, is none
// of its business.
std::string_view ParseFlag(char flag, std::string_view argument,
                           const Clock& clock, Flags* flags) {
  switch (flag) {
    case 'b':
      flags->key_binary = true;
      if (!DecodeBase64(flags->key, &flags->decoded_key)) {
        return "CLIENT_ERROR error decoding key\r\n";
      }
      flags->key = flags->decoded_key;
      return "";
    case 'N':
      flags->create = true;
      return ParseTime(argument, clock, &flags->create_expiry);
    case 'T':
      flags->has_expiry = true;
      return ParseTime(argument, clock, &flags->expiry);
    case 'R':
      flags->recache = true;
      return ParseTime(argument, clock, &flags->recache_expiry);
    case 'F':
      return ParseDecimal(argument, &flags->client_flags) ? "" : kBadFormat;
    case 'C':
      flags->has_cas = true;
      return ParseDecimal(argument, &flags->cas) ? "" : kBadToken;
    case 'M':
      if (argument.size() != 1) {
        return "CLIENT_ERROR incorrect length for M token\r\n";
      }
      flags->mode = argument[0];
      return "";
    case 'J':
      return ParseDecimal(argument, &flags->initial)
                 ? ""
                 : "CLIENT_ERROR invalid numeric initial value\r\n";
    case 'D':
      return ParseDecimal(argument, &flags->delta)
                 ? ""
                 : "CLIENT_ERROR invalid numeric delta value\r\n";
    case 'v': flags->value = true; return "";
    case 'u': flags->no_update = true; return "";
    case 'q': flags->quiet = true; return "";
    case 'I': flags->invalidate = true; return "";
    case 'O': case 'P': case 'L': case 'k': case 's': case 't': case 'c':
    case 'f': case 'l': case 'h':
      return "";
    default:
      return "CLIENT_ERROR invalid flag\r\n";
  }
}

}  // namespace

std::string_view ParseFlags(const Tokens& tokens, size_t first,
                            const Clock& clock, Flags* flags) {
  flags->key = tokens[1];
  std::string_view error;
  std::bitset<128> seen;
  for (size_t i = first; i < tokens.size(); ++i) {
    auto flag = static_cast<unsigned char>(tokens[i][0]);
    if (flag >= 127 || seen[flag]) return "CLIENT_ERROR duplicate flag\r\n";
    seen[flag] = true;
    std::string_view found = ParseFlag(static_cast<char>(flag),
                                       tokens[i].substr(1), clock, flags);
    // The last error is told, as the original server does.
    if (!found.empty()) error = found;
  }
  return error;
}

bool OpaqueTooLong(const Tokens& tokens, size_t first) {
  for (size_t i = first; i < tokens.size(); ++i) {
    if (tokens[i][0] == 'O' && tokens[i].size() > Flags::kOpaqueBytesMax) {
      return true;
    }
  }
  return false;
}

}  // namespace ebbrt::memcached::meta
