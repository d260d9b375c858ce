#include "platform/linux/sockets/kernel_connector.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

KernelConnector::~KernelConnector() {
  if (descriptor_ >= 0) close(descriptor_);
}

void KernelConnector::Start() {
  const SocketAddress address(remote_);
  descriptor_ = socket(address.family(),
                       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) {
    FinishLater(errno);
    return;
  }
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(descriptor_, address.get(), address.length()) == 0) {
    FinishLater(0);
  } else if (errno != EINPROGRESS) {
    FinishLater(errno);
  } else if (int error = network_.events().Watch(descriptor_, EPOLLOUT, *this);
             error != 0) {
    FinishLater(error);
  }
}

void KernelConnector::OnWritable() {
  network_.events().Unwatch(descriptor_, *this);
  error_ = PendingError(descriptor_);
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
  int descriptor = -1;
  if (error == 0) {
    descriptor = std::exchange(descriptor_, -1);
    // Streams want it so.
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  }
  network.Remove(*this);
  // It is gone; what follows may block.
  if (error == 0) {
    network.Open(descriptor, remote, std::move(handler));
  } else {
    handler->OnClosed(SocketError(remote, "cannot connect", error));
  }
}

}  // namespace ebbrt::sockets
