// A listening socket of one core.
//
// Cores: its own. Ownership: its core's KernelNetwork. Blocks: never.
// Bound: kAcceptsPerEvent connections before others have their turn.
// Errors: where descriptors or memory run out, connections wait in the
// kernel's backlog, and it tries again every kRetryDelay.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_LISTENER_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_LISTENER_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "core/event/timer.h"
#include "core/net/network.h"
#include "platform/linux/interrupt.h"
#include "platform/linux/sockets/descriptor.h"
#include "platform/linux/sockets/listening_endpoints.h"

namespace ebbrt::sockets {

class KernelNetwork;

class KernelListener final
    : public platform::internal::Interrupt,
      public std::enable_shared_from_this<KernelListener> {
 public:
  static constexpr int kAcceptsPerEvent = 64;
  static constexpr Duration kRetryDelay = std::chrono::milliseconds(10);

  // Binds and listens. Unless `shared`, no other socket may have the endpoint
  // so far; afterwards those of this node may.
  static absl::StatusOr<std::shared_ptr<KernelListener>> Create(
      KernelNetwork& network, const Endpoint& local, bool shared,
      TcpAcceptor acceptor);

  KernelListener(KernelNetwork& network, Descriptor descriptor,
                 TcpAcceptor acceptor);

  // Accepts no more, from now on.
  void Stop();

  const Endpoint& local() const { return local_; }
  const TcpAcceptor& acceptor() const { return acceptor_; }
  // Where its connections are counted. REQUIRES: set before it accepts.
  void set_load(std::shared_ptr<ListenerLoad> load) { load_ = std::move(load); }

 private:
  // False: there is nothing more to accept at present.
  bool AcceptOne();
  void AcceptMany();

  KernelNetwork& network_;
  const Descriptor descriptor_;
  const Endpoint local_;
  const TcpAcceptor acceptor_;
  std::shared_ptr<ListenerLoad> load_;
  Timer retry_;
  bool stopped_ = false;
};

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_LISTENER_H_
