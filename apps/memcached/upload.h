// Upload: a value that is being received, and what to do once it is there.
//
// Its bytes are copied into the item as they come, which is the only time that
// a value is copied between the receive buffer and the network again.
//
// Cores: one, the connection's. Ownership: of the item, until it is stored.
// Blocks, allocates: no. Bound: the item.
#ifndef EBBRT_APPS_MEMCACHED_UPLOAD_H_
#define EBBRT_APPS_MEMCACHED_UPLOAD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "apps/memcached/commands.h"
#include "apps/memcached/item.h"

namespace ebbrt::memcached {

struct Upload {
  ItemRef item;
  StoreCommand command;
  // How many bytes are to come, and how many came.
  size_t expected_bytes = 0;
  size_t received_bytes = 0;
  // Whether success is to be passed over in silence.
  bool quiet = false;
  // Text: the command was a meta command; what its reply is to return.
  bool meta = false;
  std::string return_flags;
  // Binary: of the request.
  uint8_t opcode = 0;
  uint32_t opaque = 0;

  // Takes what belongs to the value; returns how many bytes that was.
  size_t Receive(std::string_view bytes) {
    size_t taken = std::min(bytes.size(), expected_bytes - received_bytes);
    std::memcpy(item->mutable_value() + received_bytes, bytes.data(), taken);
    received_bytes += taken;
    return taken;
  }
  bool complete() const { return received_bytes == expected_bytes; }
};

// What a connection has to do after a request's head was handled.
struct Step {
  enum Kind : uint8_t {
    kNextRequest,
    kReceiveValue,  // Into the Upload.
    kSkip,          // Drop `skip_bytes`.
    kMoreKeys,      // The rest of a line of keys.
    kSkipLine,      // Drop the rest of the line.
    kClose,         // After the replies were sent.
  };

  Kind kind = kNextRequest;
  uint64_t skip_bytes = 0;
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_UPLOAD_H_
