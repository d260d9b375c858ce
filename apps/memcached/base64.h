// Keys in base64, as the meta commands may send them.
//
// Cores: any. Blocks: no. Allocates: the result.
// Errors: false for what is no base64, or of nothing.
#ifndef EBBRT_APPS_MEMCACHED_BASE64_H_
#define EBBRT_APPS_MEMCACHED_BASE64_H_

#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace ebbrt::memcached {

// Abseil's string_view may be a type of its own, depending on how it was built.
inline std::string EncodeBase64(std::string_view bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}
inline bool DecodeBase64(std::string_view text, std::string* bytes) {
  return absl::Base64Unescape(absl::string_view(text.data(), text.size()),
                              bytes) &&
         !bytes->empty();
}

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_BASE64_H_
