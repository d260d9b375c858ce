#include "platform/linux/sockets/kernel_udp_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include "core/base/types.h"
#include "core/event/event_loop.h"
#include "platform/linux/interrupt.h"
#include "platform/linux/sockets/send_vectors.h"
#include "platform/linux/sockets/socket_address.h"

namespace ebbrt::sockets {
namespace {

using platform::internal::Interrupt;
using platform::internal::KernelEvents;

// No datagram of IP is longer.
constexpr size_t kDatagramBytesMax = 64 * kKiB;

// What stays until the last event that refers to the socket has ended: a
// receiver may close it, or block.
class Receiving final : public Interrupt,
                        public std::enable_shared_from_this<Receiving> {
 public:
  Receiving(KernelEvents& events, int descriptor, UdpReceiver receiver)
      : Interrupt([](Interrupt& self, int32_t, uint32_t) {
          static_cast<Receiving&>(self).ReceiveMany();
        }),
        events_(events),
        descriptor_(descriptor),
        receiver_(std::move(receiver)) {}
  ~Receiving() { close(descriptor_); }

  int Start() { return events_.Watch(descriptor_, EPOLLIN, *this); }
  void Stop() {
    stopped_ = true;
    events_.Unwatch(descriptor_, *this);
  }
  int descriptor() const { return descriptor_; }

 private:
  void ReceiveMany() {
    std::shared_ptr<Receiving> self = shared_from_this();
    for (int i = 0; i < kDatagramsPerEvent; ++i) {
      if (stopped_ || !ReceiveOne()) return;
    }
    // Edge-triggered: nobody tells us of the others again.
    Spawn([self] { self->ReceiveMany(); });
  }

  // False: there is nothing more at present.
  bool ReceiveOne() {
    std::array<std::byte, kDatagramBytesMax> bytes;
    SocketAddress from;
    ssize_t length =
        recvfrom(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT,
                 from.mutable_get(), from.mutable_length());
    // An error other than EAGAIN is a peer's (port unreachable), and is past.
    if (length < 0) return errno != EAGAIN;
    IOBufChain datagram(
        IOBuf::CopyOf(std::span(bytes).first(static_cast<size_t>(length))));
    // Where there is no memory for it, it is lost, as datagrams may be.
    if (datagram.empty() && length != 0) return true;
    receiver_(from.ToEndpoint(), std::move(datagram));
    return true;
  }

  KernelEvents& events_;
  const int descriptor_;
  UdpReceiver receiver_;
  bool stopped_ = false;
};

class KernelUdpSocket final : public UdpSocket {
 public:
  explicit KernelUdpSocket(std::shared_ptr<Receiving> receiving)
      : receiving_(std::move(receiving)),
        local_(LocalEndpoint(receiving_->descriptor())) {}
  ~KernelUdpSocket() override { receiving_->Stop(); }

  absl::Status SendTo(const Endpoint& to, IOBufChain datagram) override {
    if (datagram.length() > kDatagramBytesMax) {
      return SocketError(to, "cannot send a datagram", EMSGSIZE);
    }
    if (datagram.buffer_count() > kVectorsMax &&
        datagram.Coalesce(datagram.length()) == nullptr) {
      return SocketError(to, "cannot send a datagram", ENOBUFS);
    }
    SocketAddress address(to);
    SendVectors vectors;
    vectors.Fill(datagram);
    vectors.message.msg_name = address.mutable_get();
    vectors.message.msg_namelen = address.length();
    for (;;) {
      ssize_t sent = sendmsg(receiving_->descriptor(), &vectors.message,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0) return absl::OkStatus();
      switch (errno) {
        case EINTR:
        case ECONNREFUSED:  // Of an earlier datagram.
          continue;
        case EAGAIN:
          return SocketError(to, "cannot send a datagram", ENOBUFS);
        default:
          return SocketError(to, "cannot send a datagram", errno);
      }
    }
  }

  const Endpoint& local() const override { return local_; }

 private:
  const std::shared_ptr<Receiving> receiving_;
  const Endpoint local_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<UdpSocket>> OpenKernelUdpSocket(
    KernelEvents& events, const Endpoint& local, UdpReceiver receiver) {
  SocketAddress address(local);
  int descriptor = socket(address.family(),
                          SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return SocketError(local, "cannot make a socket", errno);
  if (bind(descriptor, address.get(), address.length()) != 0) {
    absl::Status status = SocketError(local, "cannot bind", errno);
    close(descriptor);
    return status;
  }
  auto receiving =
      std::make_shared<Receiving>(events, descriptor, std::move(receiver));
  int error = receiving->Start();
  if (error != 0) return SocketError(local, "cannot wait for it", error);
  return std::make_unique<KernelUdpSocket>(std::move(receiving));
}

}  // namespace ebbrt::sockets
