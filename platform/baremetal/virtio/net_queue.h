// A pair of queues of a virtio network device: one receives, one transmits.
//
// Cores: made on any; from Open on, that core's. Ownership: the device's; it
// ends when the device has been reset. Blocks: no. Allocates: views or copies
// of received frames. Bound: kQueueFramesMax in each direction;
// kPollFramesMax a poll.
// Errors: what the device writes and makes no sense is dropped and counted; a
// device that names buffers it does not have is not listened to again.
// Source: virtio 1.2, sections 5.1.6.2 to 5.1.6.4.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_QUEUE_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/event/adaptive_poll.h"
#include "core/net/nic.h"
#include "core/net/nic_counters.h"
#include "platform/baremetal/devices/dma.h"
#include "platform/baremetal/nic/receive_pool.h"
#include "platform/baremetal/virtio/net_format.h"
#include "platform/baremetal/virtio/transport.h"
#include "platform/baremetal/virtio/virtqueue.h"

namespace ebbrt::platform::virtio {

class NetQueue final : public NicQueue, private PolledDevice {
 public:
  static constexpr uint16_t kQueueFramesMax = 256;
  static constexpr uint32_t kPollFramesMax = 64;
  // Of a frame to be sent.
  static constexpr size_t kBuffersMax = 16;
  static constexpr size_t kFrameBytesMax = 65535;
  // Of a chain: its header, and its buffers' runs of memory.
  static constexpr size_t kRunsMax =
      1 + kFrameBytesMax / kDmaPageBytes + 2 * kBuffersMax;
  // Of a frame that was received: its header, and the longest datagram.
  static constexpr size_t kPartsMax =
      (sizeof(NetHeader) + kFrameBytesMax + ReceivePool::kBufferBytes) /
      ReceivePool::kBufferBytes;

  // What the pair is to be like.
  struct Setup {
    uint32_t pair;
    uint64_t features;
    uint32_t receive_buffers;
    uint32_t interrupt;  // Of the device.
  };

  // Makes the pair and gives it to the device, which has negotiated.
  static absl::StatusOr<std::unique_ptr<NetQueue>> Create(
      Transport& transport, const Setup& setup);
  ~NetQueue();

  // For the calling core; receiving begins.
  void Open(NicReceiver& receiver);
  // Acquire: who finds it open finds it so. From any core.
  bool is_open() const { return open_.load(std::memory_order_acquire); }
  CoreId core() const { return core_; }
  // The interrupt of the pair has come.
  void OnInterrupt() { poll_->OnInterrupt(); }
  // The link is up, or down; from any core.
  void SetLink(bool up) {
    link_up_.store(up, std::memory_order_relaxed);
  }
  NicReceiver& receiver() { return *receiver_; }

  // NicQueue.
  bool Transmit(IOBufChain& frame, const TransmitRequest& request) override;
  void Flush() override;
  bool link_up() const override {
    // Relaxed: it is news, and orders nothing.
    return link_up_.load(std::memory_order_relaxed);
  }

 private:
  NetQueue(Transport& transport, const Setup& setup, DmaMemory memory,
           const Virtqueue::Options& receive,
           const Virtqueue::Options& transmit);

  // PolledDevice.
  bool Poll() override;
  void MaskInterrupt() override;
  void UnmaskInterrupt() override;

  bool Receive();
  void ReceiveFrame(const Virtqueue::Used& used);
  // The buffer that came back under that head.
  uint32_t TakePosted(uint16_t head) const { return posted_[head]; }
  void Drop(uint32_t number);
  void Refill();
  bool Reclaim();
  void NoteBroken();

  Transport& transport_;
  const uint32_t pair_;
  const size_t header_bytes_;
  const bool mergeable_;
  const uint32_t receive_buffers_;
  DmaMemory memory_;  // What the pool has not taken over yet.
  Virtqueue receive_;
  Virtqueue transmit_;
  const DmaPlace headers_;  // One for each head of transmit_.
  const std::unique_ptr<uint32_t[]> posted_;  // The pool's number by head.
  const std::unique_ptr<IOBufChain[]> frames_;  // Those being sent, by head.
  DmaFinder finder_;
  std::atomic<bool> link_up_{true};
  std::atomic<bool> open_{false};
  bool ready_wanted_ = false;  // Transmit found no room.
  bool broken_ = false;        // It has been noted.

  // Once it is open.
  CoreId core_;
  NicReceiver* receiver_ = nullptr;
  ReceivePool* pool_ = nullptr;
  std::optional<AdaptivePoll> poll_;
  std::optional<NicCounters> counters_;
};

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_QUEUE_H_
