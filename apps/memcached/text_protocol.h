// The text protocol: command lines in, replies out, no input or output of its
// own. The meta commands are in meta_protocol.h.
//
// Cores: any; no state but the arguments. Ownership: a head is a view of the
// caller's bytes, for the call. Blocks: as commands.h. Allocates: items.
// Bound: kLineBytesMax. A line of keys may be longer, and is then served piece
// by piece.
// Errors: replies; Step::kClose for a line that is too long.
// Source: memcached's protocol.txt.
#ifndef EBBRT_APPS_MEMCACHED_TEXT_PROTOCOL_H_
#define EBBRT_APPS_MEMCACHED_TEXT_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apps/memcached/server_state.h"
#include "apps/memcached/upload.h"

namespace ebbrt::memcached::text {

inline constexpr size_t kLineBytesMax = 2048;

// What kind of a look-up the keys of a line are for.
struct Retrieval {
  bool with_cas = false;
  bool touch = false;
  uint32_t expiry = 0;
};

// How long the head is that `bytes` begins with: a line, or so many whole words
// of one that is too long. 0: not all of it is there.
size_t HeadLength(std::string_view bytes);

// Serves a command, or begins to: it goes on in FinishUpload after
// Step::kReceiveValue, in HandleKeys after Step::kMoreKeys.
// REQUIRES: head.size() == HeadLength(head).
Step HandleHead(std::string_view head, Upload& upload, Retrieval& retrieval,
                RequestContext& context);

// Serves more of a line of keys.
Step HandleKeys(std::string_view head, const Retrieval& retrieval,
                RequestContext& context);

// The value and its line end are there.
void FinishUpload(Upload& upload, RequestContext& context);

}  // namespace ebbrt::memcached::text

#endif  // EBBRT_APPS_MEMCACHED_TEXT_PROTOCOL_H_
