// The flags of a meta command, read from its words.
//
// Cores: any. Ownership: views of the command line, and of `decoded`.
// Blocks: no. Allocates: only to decode a base64 key.
// Errors: the text of the reply that refuses them.
// Source: memcached's protocol.txt, "Meta Commands".
#ifndef EBBRT_APPS_MEMCACHED_META_FLAGS_H_
#define EBBRT_APPS_MEMCACHED_META_FLAGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "apps/memcached/clock.h"
#include "apps/memcached/text_tokens.h"

namespace ebbrt::memcached::meta {

struct Flags {
  // A flag with its argument.
  static constexpr size_t kOpaqueBytesMax = 32;
  // Command, key and flags together.
  static constexpr size_t kWordsMax = 19;

  std::string_view key;
  std::string decoded_key;  // What `key` refers to, if it came in base64.

  bool key_binary = false;       // b
  bool value = false;            // v
  bool quiet = false;            // q
  bool no_update = false;        // u
  bool invalidate = false;       // I
  bool has_cas = false;          // C
  bool has_expiry = false;       // T
  bool create = false;           // N
  bool recache = false;          // R
  char mode = 0;                 // M
  uint64_t cas = 0;
  uint32_t expiry = 0;
  uint32_t create_expiry = 0;
  uint32_t recache_expiry = 0;
  uint32_t client_flags = 0;     // F
  uint64_t delta = 1;            // D
  uint64_t initial = 0;          // J
};

// Reads tokens[first] and those that follow; the key is tokens[1]. Returns ""
// or what is wrong.
std::string_view ParseFlags(const Tokens& tokens, size_t first,
                            const Clock& clock, Flags* flags);

// Whether an opaque among tokens[first] and those that follow is longer than
// kOpaqueBytesMax.
bool OpaqueTooLong(const Tokens& tokens, size_t first);

}  // namespace ebbrt::memcached::meta

#endif  // EBBRT_APPS_MEMCACHED_META_FLAGS_H_
