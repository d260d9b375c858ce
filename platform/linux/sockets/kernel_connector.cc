#include "platform/linux/sockets/kernel_connector.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "core/event/event_loop.h"
#include "platform/linux/kernel_events.h"
#include "platform/linux/sockets/kernel_network.h"
#include "platform/linux/sockets/socket_address.h"

namespace ebbrt::sockets {

KernelConnector::KernelConnector(KernelNetwork& network, const Endpoint& remote,
                                 std::unique_ptr<TcpHandler> handler)
    : Interrupt([](Interrupt& self, int32_t, uint32_t) {
        static_cast<KernelConnector&>(self).OnWritable();
      }),
      network_(network),
      remote_(remote),
      handler_(std::move(handler)) {}

void KernelConnector::Start() {
  const SocketAddress address(remote_);
  descriptor_ = Descriptor(socket(
      address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (descriptor_.get() < 0) {
    FinishLater(errno);
    return;
  }
  const int on = 1;
  setsockopt(descriptor_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(descriptor_.get(), address.get(), address.length()) == 0) {
    FinishLater(0);
  } else if (errno != EINPROGRESS) {
    FinishLater(errno);
  } else if (int error = network_.events().Watch(descriptor_.get(), EPOLLOUT,
                                                *this);
             error != 0) {
    FinishLater(error);
  }
}

void KernelConnector::OnWritable() {
  network_.events().Unwatch(descriptor_.get(), *this);
  error_ = PendingError(descriptor_.get());
  Finish();
}

void KernelConnector::FinishLater(int error) {
  error_ = error;
  Spawn([this] { Finish(); });
}

void KernelConnector::Finish() {
  std::unique_ptr<TcpHandler> handler = std::move(handler_);
  KernelNetwork& network = network_;
  const Endpoint remote = remote_;
  const int error = error_;
  Descriptor connected = std::move(descriptor_);
  network.Remove(*this);
  // It is gone; what follows may block.
  if (error == 0) {
    // Streams want it so.
    fcntl(connected.get(), F_SETFL,
          fcntl(connected.get(), F_GETFL) & ~O_NONBLOCK);
    network.Open(std::move(connected), remote, std::move(handler), nullptr);
  } else {
    handler->OnClosed(SocketError(remote, "cannot connect", error));
  }
}

}  // namespace ebbrt::sockets
