// A TCP connection on a kernel socket.
//
//   Send --> unsent_ --> [flush, once a turn of the loop] --> kernel
//   kernel --> (window) --> OnReceive;   beyond it --> held_
//
// What all events of a turn send on a connection leaves in one system call, or
// one entry of the ring.
//
// Cores: its own. Ownership: its core's KernelNetwork; see core/net/network.h
// for the application's view. Blocks: never. Allocates: as Stream.
// Bound: unsent_ by kUnsentBytesMax; held_ by what was under way when the
// receive window shrank (at most ReceivePool's buffers).
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_CONNECTION_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/network.h"
#include "platform/linux/sockets/listening_endpoints.h"
#include "platform/linux/sockets/stream.h"

namespace ebbrt::sockets {

class KernelNetwork;

class KernelConnection final : public TcpConnection,
                               public StreamClient,
                               public ListLink,
                               public QueueLink<KernelConnection> {
 public:
  // Taken from the application and not yet by the kernel.
  static constexpr size_t kUnsentBytesMax = 256 * kKiB;

  // `descriptor` is a connected socket, which it takes over.
  KernelConnection(KernelNetwork& network, int descriptor,
                   const Endpoint& remote, std::unique_ptr<TcpHandler> handler,
                   std::shared_ptr<ListenerLoad> load);
  ~KernelConnection();

  // Tells the handler, and begins to receive. Called from an event.
  void Open();
  // Hands what is to be sent to the kernel. Called by the network after
  // QueueFlush, from an event.
  void Flush();

  // TcpConnection.
  size_t Send(IOBufChain& data) override;
  size_t SendWindow() const override;
  void SetReceiveWindow(size_t bytes) override;
  // In whole seconds, as the kernel has it, and no sooner than asked for.
  void SetKeepAlive(const std::optional<KeepAlive>& keep_alive) override;
  void Close() override;
  void Abort() override;
  const Endpoint& local() const override;
  const Endpoint& remote() const override { return remote_; }

  // StreamClient.
  void OnReceived(std::unique_ptr<IOBuf> data) override;
  void OnEndOfStream() override;
  void OnSent(size_t bytes) override;
  void OnError(int error) override;
  void OnDetached() override;

 private:
  friend class KernelNetwork;

  // Calls the handler, which may block.
  template <typename Function>
  void CallHandler(Function function);
  // Runs a method in an event of its own.
  void Post(void (KernelConnection::*method)());

  // While pinned it is not destroyed.
  void Pin() { ++pins_; }
  void Unpin();

  void QueueFlush();
  void Deliver(IOBufChain data);
  void DeliverHeld();
  void NotifySendReady();
  void ReportPeerClosed();
  void UpdateReceiveLimit();
  void CloseIfBothEnded();
  void End(absl::Status status);
  void Finish();

  KernelNetwork& network_;
  std::unique_ptr<TcpHandler> handler_;
  const Endpoint remote_;
  mutable Endpoint local_;  // Port zero: not asked for yet.
  std::unique_ptr<Stream> stream_;
  IOBufChain unsent_;
  IOBufChain held_;
  size_t receive_window_ = kUnlimitedWindow;
  absl::Status status_;
  const std::shared_ptr<ListenerLoad> load_;  // Null unless it was accepted.
  uint32_t pins_ = 0;  // Events, and calls of the handler, that refer to it.
  bool send_blocked_ = false;       // OnSendReady is owed.
  bool flush_queued_ = false;
  bool closing_ = false;            // Close was called,
  bool shut_down_ = false;          // and all before it is sent.
  bool end_of_stream_ = false;      // The peer has ended its direction,
  bool peer_closed_reported_ = false;
  bool delivering_held_ = false;
  bool ended_ = false;
  bool detached_ = false;
};

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_CONNECTION_H_
