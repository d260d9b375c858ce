// A connected socket as a stream of bytes: what the two ways of talking to the
// kernel, io_uring (uring_streams.cc) and epoll with read and write
// (epoll_streams.cc), have in common.
//
// Cores: its own. Ownership: the client owns the stream, the stream the
// descriptor. Blocks: never. Allocates: received buffers.
// Bound: one send and one receive at a time; kVectorsMax buffers a send.
// Errors: errno values, to the client.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_STREAM_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_STREAM_H_

#include <cstddef>
#include <limits>
#include <memory>

#include "core/buf/iobuf_chain.h"
#include "platform/linux/kernel_events.h"
#include "platform/linux/sockets/receive_pool.h"

namespace ebbrt::sockets {

// A send hands at most so many buffers to the kernel; others follow it.
inline constexpr size_t kVectorsMax = 64;

// What a stream tells. Each call is an event, or made from Send's caller's.
class StreamClient {
 public:
  // The next bytes; null if there was no memory for them, which ends the
  // stream as an error does.
  virtual void OnReceived(std::unique_ptr<IOBuf> data) = 0;
  virtual void OnEndOfStream() = 0;
  // The first `bytes` of what was given to Send are the kernel's now.
  virtual void OnSent(size_t bytes) = 0;
  virtual void OnError(int error) = 0;
  // The descriptor is closed, and what was given to Send is no longer used.
  virtual void OnDetached() = 0;

 protected:
  ~StreamClient() = default;
};

class Stream {
 public:
  static constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();

  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // From now on receives at most `bytes`; zero stops it. What the kernel has
  // already done comes nevertheless.
  virtual void SetReceiveLimit(size_t bytes) = 0;
  // Sends from the front of `data`, which stays as it is until OnSent.
  // REQUIRES: !sending(), not empty.
  virtual void Send(const IOBufChain& data) = 0;
  virtual bool sending() const = 0;
  // Ends everything and closes the descriptor; OnDetached follows, maybe from
  // within the call, and is the last.
  virtual void Detach() = 0;

  int descriptor() const { return descriptor_; }

 protected:
  Stream(int descriptor, StreamClient& client)
      : descriptor_(descriptor), client_(client) {}

  const int descriptor_;
  StreamClient& client_;
};

// Makes the streams of a core.
class Streams {
 public:
  virtual ~Streams() = default;
  // Takes over the descriptor of a connected socket, in blocking mode.
  virtual std::unique_ptr<Stream> Make(int descriptor,
                                       StreamClient& client) = 0;
};

// Null where the kernel, or memory, refuses. `pool` outlives the streams.
std::unique_ptr<Streams> MakeUringStreams(
    platform::internal::KernelEvents& events, ReceivePool& pool);
std::unique_ptr<Streams> MakeEpollStreams(
    platform::internal::KernelEvents& events, ReceivePool& pool);

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_STREAM_H_
