// Applications for tests: they send bytes of a known stream, and check every
// byte that they are given.
//
// Cores: one. Ownership: a StreamEnd outlives its handler, which the connection
// owns. Blocks: never. Allocates: yes. Units: bytes.
// Errors: a wrong byte, or a call out of order, is a failed expectation.
#ifndef EBBRT_CORE_NET_TCP_TESTING_STREAM_H_
#define EBBRT_CORE_NET_TCP_TESTING_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "core/base/random.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/network.h"

namespace ebbrt::tcp::testing {

// Bytes [begin, begin + bytes) of stream `stream`, in buffers of any sizes.
IOBufChain StreamBytes(uint64_t stream, uint64_t begin, size_t bytes,
                       Random& random, size_t buffer_bytes_max = 16384);

// One end of a connection and its application.
class StreamEnd {
 public:
  StreamEnd(uint64_t sends, uint64_t receives, uint64_t seed)
      : sends_(sends), receives_(receives), random_(seed) {}

  std::unique_ptr<TcpHandler> MakeHandler();

  // Sends `bytes` more, as far and as soon as it may.
  void Send(uint64_t bytes);
  // As soon as all is sent.
  void CloseAfterSending();

  TcpConnection* connection = nullptr;
  uint64_t received = 0;
  uint64_t taken = 0;  // By the connection.
  bool peer_closed = false;
  bool closed = false;
  absl::Status status;
  // Called after each call of the handler, while the connection is there.
  std::function<void()> on_event = [] {};

 private:
  class Handler;
  void Go();

  const uint64_t sends_;
  const uint64_t receives_;
  Random random_;
  IOBufChain rest_;
  uint64_t made_ = 0;
  bool close_ = false;
};

}  // namespace ebbrt::tcp::testing

#endif  // EBBRT_CORE_NET_TCP_TESTING_STREAM_H_
