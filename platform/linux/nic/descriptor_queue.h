// A queue pair over a file descriptor that gives and takes a frame a call,
// each behind a virtio-net header: what TAP and packet sockets have in common.
//
// Cores: its own. Ownership: of the descriptor. Blocks: never.
// Allocates: a buffer a frame. Bound: kFramesPerEvent frames are received
// before others get their turn. Units: bytes.
// Errors: a frame that the kernel refuses is dropped.
// Source: virtio 1.2 section 5.1.6 (the header).
#ifndef EBBRT_PLATFORM_LINUX_NIC_DESCRIPTOR_QUEUE_H_
#define EBBRT_PLATFORM_LINUX_NIC_DESCRIPTOR_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/buf/iobuf_chain.h"
#include "core/net/nic.h"
#include "core/net/nic_counters.h"
#include "platform/linux/interrupt.h"
#include "platform/linux/kernel_events.h"

namespace ebbrt::nic {

class DescriptorQueue final
    : public NicQueue,
      private platform::internal::Interrupt,
      public std::enable_shared_from_this<DescriptorQueue> {
 public:
  static constexpr int kFramesPerEvent = 64;
  // A frame that the kernel has not cut yet is received whole.
  static constexpr size_t kFrameBytesMax = 65536 + 64;
  static constexpr size_t kBuffersMax = 32;

  // For the calling core. Takes over the descriptor, which does not block.
  DescriptorQueue(int descriptor, NicReceiver& receiver);
  ~DescriptorQueue();

  // Begins to receive. Zero or an errno.
  int Start();

  bool Transmit(IOBufChain& frame, const TransmitRequest& request) override;
  void Flush() override {}  // Each frame is a system call of its own.
  bool link_up() const override { return true; }
  void Close() override;

 private:
  void OnInterrupt(uint32_t events);
  void ReceiveMany();
  // False: there is nothing more at present.
  bool ReceiveOne();

  platform::internal::KernelEvents& events_;
  const int descriptor_;
  NicReceiver* receiver_;  // Null once closed.
  // Buffers that the last receive left empty: most frames fit into the first.
  std::unique_ptr<IOBuf> small_;
  std::unique_ptr<IOBuf> large_;
  bool refused_ = false;
  NicCounters counters_;
};

}  // namespace ebbrt::nic

#endif  // EBBRT_PLATFORM_LINUX_NIC_DESCRIPTOR_QUEUE_H_
