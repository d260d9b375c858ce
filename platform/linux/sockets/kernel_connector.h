// A connection that is being opened.
//
// Cores: its own. Ownership: its core's KernelNetwork. Blocks: never.
// Errors: to the handler, as OnClosed.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_CONNECTOR_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_CONNECTOR_H_

#include <memory>

#include "core/base/intrusive_queue.h"
#include "core/net/network.h"
#include "platform/linux/interrupt.h"
#include "platform/linux/sockets/descriptor.h"

namespace ebbrt::sockets {

class KernelNetwork;

class KernelConnector final : public platform::internal::Interrupt,
                              public ListLink {
 public:
  KernelConnector(KernelNetwork& network, const Endpoint& remote,
                  std::unique_ptr<TcpHandler> handler);

  void Start();

 private:
  void OnWritable();
  // Has the outcome seen to in an event of its own. Zero: it is connected.
  void FinishLater(int error);
  void Finish();

  KernelNetwork& network_;
  const Endpoint remote_;
  std::unique_ptr<TcpHandler> handler_;
  Descriptor descriptor_;
  int error_ = 0;
};

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_KERNEL_CONNECTOR_H_
