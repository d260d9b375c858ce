// The words of a command line.
//
// Cores: any. Ownership: views of the line. Blocks, allocates: never.
// Bound: kTokensMax; of a longer line only so many words are looked at.
#ifndef EBBRT_APPS_MEMCACHED_TEXT_TOKENS_H_
#define EBBRT_APPS_MEMCACHED_TEXT_TOKENS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace ebbrt::memcached {

// Takes the next word off the line; "" if there is none.
inline std::string_view NextToken(std::string_view* line) {
  size_t begin = std::min(line->find_first_not_of(' '), line->size());
  size_t end = std::min(line->find(' ', begin), line->size());
  std::string_view token = line->substr(begin, end - begin);
  line->remove_prefix(end);
  return token;
}

class Tokens {
 public:
  static constexpr size_t kTokensMax = 24;

  explicit Tokens(std::string_view line) {
    while (count_ < kTokensMax) {
      std::string_view token = NextToken(&line);
      if (token.empty()) return;
      tokens_[count_++] = token;
    }
  }

  size_t size() const { return count_; }
  std::string_view operator[](size_t index) const { return tokens_[index]; }
  // REQUIRES: there is one.
  std::string_view back() const { return tokens_[count_ - 1]; }

 private:
  std::array<std::string_view, kTokensMax> tokens_;
  size_t count_ = 0;
};

// What refuses a line of the right words in the wrong form.
inline constexpr std::string_view kBadFormat =
    "CLIENT_ERROR bad command line format\r\n";

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_TEXT_TOKENS_H_
