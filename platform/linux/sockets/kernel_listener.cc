#include "platform/linux/sockets/kernel_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "core/event/event_loop.h"
#include "platform/linux/kernel_events.h"
#include "platform/linux/linux.h"
#include "platform/linux/sockets/kernel_network.h"
#include "platform/linux/sockets/socket_address.h"

namespace ebbrt::sockets {
namespace {

// The kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 4096;

bool SetOption(int socket, int level, int option) {
  const int on = 1;
  return setsockopt(socket, level, option, &on, sizeof(on)) == 0;
}

// What is wrong, or null with errno unset.
const char* BindAndListen(int socket, const Endpoint& local, bool shared) {
  // Connections of a server that has just ended do not stand in the way.
  SetOption(socket, SOL_SOCKET, SO_REUSEADDR);
  // Accepted sockets inherit it. We gather what belongs together ourselves.
  SetOption(socket, IPPROTO_TCP, TCP_NODELAY);
  if (shared && !SetOption(socket, SOL_SOCKET, SO_REUSEPORT)) {
    return "cannot share the port between cores";
  }
  SocketAddress address(local);
  if (bind(socket, address.get(), address.length()) != 0) {
    return "cannot bind";
  }
  if (listen(socket, kBacklog) != 0) return "cannot listen";
  // The first socket has the port to itself while it binds, so that another
  // program's, even another of ours, is not joined unawares.
  if (!shared && !SetOption(socket, SOL_SOCKET, SO_REUSEPORT)) {
    return "cannot share the port between cores";
  }
  return nullptr;
}

// Whether a failed accept is the kernel's lack of something.
bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS ||
         error == ENOMEM;
}

}  // namespace

absl::StatusOr<std::shared_ptr<KernelListener>> KernelListener::Create(
    KernelNetwork& network, const Endpoint& local, bool shared,
    TcpAcceptor acceptor) {
  Descriptor descriptor(socket(SocketAddress(local).family(),
                               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (descriptor.get() < 0) {
    return SocketError(local, "cannot make a socket", errno);
  }
  const char* wrong = BindAndListen(descriptor.get(), local, shared);
  if (wrong != nullptr) return SocketError(local, wrong, errno);
  const int number = descriptor.get();
  auto listener = std::make_shared<KernelListener>(
      network, std::move(descriptor), std::move(acceptor));
  int error = network.events().Watch(number, EPOLLIN, *listener);
  if (error != 0) return SocketError(local, "cannot wait for it", error);
  return listener;
}

KernelListener::KernelListener(KernelNetwork& network, Descriptor descriptor,
                               TcpAcceptor acceptor)
    : Interrupt([](Interrupt& self, int32_t, uint32_t) {
        static_cast<KernelListener&>(self).AcceptMany();
      }),
      network_(network),
      descriptor_(std::move(descriptor)),
      local_(LocalEndpoint(descriptor_.get())),
      acceptor_(std::move(acceptor)),
      retry_([this] { AcceptMany(); }) {}

void KernelListener::Stop() {
  stopped_ = true;
  retry_.Cancel();
  network_.events().Unwatch(descriptor_.get(), *this);
  // No longer in the backlog of this one, while an event may still refer to us.
  shutdown(descriptor_.get(), SHUT_RDWR);
}

void KernelListener::AcceptMany() {
  // An acceptor may stop us.
  std::shared_ptr<KernelListener> self = shared_from_this();
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    if (stopped_ || !AcceptOne()) return;
  }
  // Edge-triggered: nobody tells us of the others again.
  Spawn([self] { self->AcceptMany(); });
}

bool KernelListener::AcceptOne() {
  SocketAddress address;
  Descriptor connected(accept4(descriptor_.get(), address.mutable_get(),
                               address.mutable_length(), SOCK_CLOEXEC));
  if (connected.get() < 0) {
    if (errno == EAGAIN) return false;
    if (!IsShortage(errno)) return true;  // That connection is gone already.
    retry_.SetAfter(kRetryDelay);
    return false;
  }
  const CoreId mine = platform::Linux::CurrentCore();
  const CoreId core = load_->Choose(mine);
  const Endpoint remote = address.ToEndpoint();
  if (core == mine) {
    network_.Accept(std::move(connected), local_, remote, load_);
  } else {
    SpawnOn(core, [connected = std::move(connected), local = local_, remote,
                   load = load_]() mutable {
      KernelNetwork::Mine().Accept(std::move(connected), local, remote,
                                   std::move(load));
    });
  }
  return true;
}

}  // namespace ebbrt::sockets
