// The binary protocol: requests in, replies out, no input or output of its own.
//
//   | header, 24 bytes | extras | key | value |
//   '------------- head -------------'
//
// Cores: any; no state but the arguments. Ownership: a head is a view of the
// caller's bytes, for the call. Blocks: as commands.h. Allocates: items.
// Bound: kHeadBytesMax.
// Errors: replies; Step::kClose where the stream can not be followed further.
// Source: memcached's wiki, "BinaryProtocolRevamped".
#ifndef EBBRT_APPS_MEMCACHED_BINARY_PROTOCOL_H_
#define EBBRT_APPS_MEMCACHED_BINARY_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apps/memcached/binary_wire.h"
#include "apps/memcached/item.h"
#include "apps/memcached/server_state.h"
#include "apps/memcached/upload.h"

namespace ebbrt::memcached::binary {

inline constexpr size_t kHeadBytesMax = kHeaderBytes + 255 + Item::kKeyBytesMax;

// How long the head is that `bytes` begins with; 0: not all of it is there.
// The head of a request that is refused for its key's length is its header.
size_t HeadLength(std::string_view bytes);

// Serves a request, or begins to: with Step::kReceiveValue it goes on in
// FinishUpload. REQUIRES: head.size() == HeadLength(head).
Step HandleHead(std::string_view head, Upload& upload,
                RequestContext& context);

// The value is complete.
void FinishUpload(Upload& upload, RequestContext& context);

}  // namespace ebbrt::memcached::binary

#endif  // EBBRT_APPS_MEMCACHED_BINARY_PROTOCOL_H_
