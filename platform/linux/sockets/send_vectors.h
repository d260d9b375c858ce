// The list of memory runs that a send of an IOBufChain is for the kernel.
//
// Cores: one. Ownership: refers to the chain. Bound: kVectorsMax.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_SEND_VECTORS_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_SEND_VECTORS_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>

#include "core/buf/iobuf_chain.h"
#include "platform/linux/sockets/stream.h"

namespace ebbrt::sockets {

struct SendVectors {
  msghdr message;
  iovec vectors[kVectorsMax];

  // Of the front of `data`, as far as there is room.
  void Fill(const IOBufChain& data) {
    size_t count = 0;
    for (const IOBuf& buffer : data) {
      if (count == kVectorsMax) break;
      // The kernel only reads it.
      vectors[count++] = {const_cast<std::byte*>(buffer.data()),
                          buffer.length()};
    }
    message = {};
    message.msg_iov = vectors;
    message.msg_iovlen = count;
  }
};

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_SEND_VECTORS_H_
