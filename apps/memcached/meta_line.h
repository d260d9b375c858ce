// Line: a reply line of the meta commands, written word by word.
//
// Cores: one. Ownership: refers to the reply, in which no other piece may be
// begun meanwhile. Blocks, allocates: as Reply::Reserve.
// Bound: Reply::kPieceBytesMax, which holds every flag that a command may ask
// for, once each.
#ifndef EBBRT_APPS_MEMCACHED_META_LINE_H_
#define EBBRT_APPS_MEMCACHED_META_LINE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "apps/memcached/base64.h"
#include "apps/memcached/clock.h"
#include "apps/memcached/decimal.h"
#include "apps/memcached/meta_flags.h"
#include "apps/memcached/reply.h"
#include "apps/memcached/text_tokens.h"

namespace ebbrt::memcached::meta {

class Line {
 public:
  Line(Reply& reply, std::string_view code)
      : reply_(reply), to_(reply.Reserve(Reply::kPieceBytesMax)) {
    Text(code);
  }
  // Ends the line.
  ~Line() {
    Text("\r\n");
    reply_.CommitTo(to_);
  }

  void Text(std::string_view text) {
    to_ = std::copy(text.begin(), text.end(), to_);
  }
  void Word(std::string_view word) {
    *to_++ = ' ';
    Text(word);
  }
  void Number(uint64_t number) { to_ = FormatDecimal(number, to_); }
  void Flag(char flag) {
    *to_++ = ' ';
    *to_++ = flag;
  }
  void Flag(char flag, uint64_t number) {
    Flag(flag);
    Number(number);
  }
  void KeyFlag(std::string_view key, bool binary) {
    Flag('k');
    Text(binary ? EncodeBase64(key) : std::string(key));
    if (binary) Flag('b');
  }
  void ExpiryFlag(uint32_t expiry, uint32_t now) {
    if (expiry == Clock::kNever) {
      Word("t-1");
    } else {
      Flag('t', expiry - now);
    }
  }

 private:
  Reply& reply_;
  char* to_;
};

// The flags that every reply returns.
inline void ReturnFlags(Line& line, const Tokens& tokens, size_t first,
                        const Flags& flags) {
  for (size_t i = first; i < tokens.size(); ++i) {
    if (tokens[i][0] == 'O') line.Word(tokens[i]);
    if (tokens[i][0] == 'k') line.KeyFlag(flags.key, flags.key_binary);
  }
}

}  // namespace ebbrt::memcached::meta

#endif  // EBBRT_APPS_MEMCACHED_META_LINE_H_
