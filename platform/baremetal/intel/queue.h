// The rings of one of Intel's gigabit controllers: a pair of queues.
//
// Cores: made on any; from Open on, that core's. Ownership: the device's; it
// ends when the device has been reset. Blocks: no. Allocates: views or copies
// of received frames. Bound: kRingSize descriptors in each direction;
// kPollFramesMax a poll.
// Errors: a frame that makes no sense is dropped and counted. The device can
// only say that it is done with the next descriptor, so nothing else of it has
// to be believed but lengths, which are checked.
// Source: 8254x Software Developer's Manual, sections 3.2 to 3.5; 82574
// datasheet, sections 7.1 and 7.2.
#ifndef EBBRT_PLATFORM_BAREMETAL_INTEL_QUEUE_H_
#define EBBRT_PLATFORM_BAREMETAL_INTEL_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/event/adaptive_poll.h"
#include "core/net/nic.h"
#include "core/net/nic_counters.h"
#include "platform/baremetal/devices/dma.h"
#include "platform/baremetal/devices/registers.h"
#include "platform/baremetal/intel/descriptors.h"
#include "platform/baremetal/intel/registers.h"
#include "platform/baremetal/nic/receive_pool.h"

namespace ebbrt::platform::intel {

class Queue final : public NicQueue, private PolledDevice {
 public:
  static constexpr uint32_t kRingSize = 256;
  static constexpr uint32_t kPollFramesMax = 64;
  static constexpr size_t kBuffersMax = 16;
  static constexpr size_t kFrameBytesMax = 65535;
  // Of a frame: a context, the headers where they are changed, and its runs.
  static constexpr size_t kDescriptorsMax =
      2 + kFrameBytesMax / kDmaPageBytes + 2 * kBuffersMax;
  // Headers that are changed are copied; TCP's and IP's are no longer.
  static constexpr size_t kHeaderBytesMax = 192;

  // What the pair is to be like.
  struct Setup {
    uint32_t number = 0;  // Of the device.
    uint32_t causes = 0;  // The interrupts that it raises.
    uint32_t receive_buffers = 0;
    ReceiveFormat format = kReceiveLegacyFormat;
    // The device remembers a context for one queue only, whichever was last
    // (82574, section 7.2.6): where there are several, each frame has its own.
    bool shares_context = false;
  };

  // Makes the pair and tells the device of its rings, which are empty.
  static absl::StatusOr<std::unique_ptr<Queue>> Create(
      const Registers& registers, const Setup& setup);
  ~Queue();

  // For the calling core. What the device receives from now on has a place,
  // and it may interrupt.
  void Open(NicReceiver& receiver);
  // Acquire: who finds it open finds it so. From any core.
  bool is_open() const { return open_.load(std::memory_order_acquire); }
  // One of the causes has come.
  void OnInterrupt() { poll_->OnInterrupt(); }
  // From any core.
  void SetLink(bool up);

  // NicQueue.
  bool Transmit(IOBufChain& frame, const TransmitRequest& request) override;
  void Flush() override;
  bool link_up() const override {
    // Relaxed: it is news, and orders nothing.
    return link_up_.load(std::memory_order_relaxed);
  }

 private:
  Queue(const Registers& registers, const Setup& setup, DmaMemory memory);

  // PolledDevice.
  bool Poll() override;
  void MaskInterrupt() override;
  void UnmaskInterrupt() override;

  // What the device says of a buffer that it has filled.
  struct Filled {
    size_t bytes;
    uint8_t status;
    uint8_t errors;
  };

  // The registers of this pair's ring.
  size_t ReceiveRing() const {
    return kReceiveRing + setup_.number * kRingStep;
  }
  size_t TransmitRing() const {
    return kTransmitRing + setup_.number * kRingStep;
  }
  void StartRing(size_t ring, uint64_t address);
  bool Receive();
  std::optional<Filled> ReadFilled(ReceiveDescriptor& descriptor) const;
  void ReceiveFrame(uint32_t number, const Filled& filled);
  void Refill();

  bool Reclaim();
  uint32_t FreeDescriptors() const {
    // One stays free, for a full ring would look like an empty one.
    return kRingSize - 1 - (transmit_tail_ - transmit_done_);
  }
  TransmitDescriptor& NextTransmit() {
    return transmit_[transmit_tail_++ % kRingSize];
  }
  void AddContext(const IOBufChain& frame, const TransmitRequest& request);
  // Headers of a frame to be cut, as the device wants them.
  DmaRun CopyHeaders(const IOBuf& first, const TransmitRequest& request);

  const Registers registers_;
  const Setup setup_;
  DmaMemory memory_;  // What the pool has not taken over yet.
  const std::span<ReceiveDescriptor> receive_;
  const std::span<TransmitDescriptor> transmit_;
  const DmaPlace headers_;  // kHeaderBytesMax for each of transmit_.
  uint32_t posted_[kRingSize];        // The pool's number, of receive_.
  IOBufChain frames_[kRingSize];      // By the last descriptor of transmit_.
  DmaFinder finder_;
  uint32_t last_[kRingSize];  // By the first one: the last one of the frame.
  // All of them only grow.
  uint32_t receive_next_ = 0;  // The next one to be filled.
  uint32_t receive_tail_ = 0;  // Behind the last one to be filled.
  bool receive_dropping_ = false;  // The rest of a frame.
  uint32_t transmit_done_ = 0;
  uint32_t transmit_tail_ = 0;
  uint32_t transmit_shown_ = 0;
  bool ready_wanted_ = false;
  // The sums that the device has been told of last; neither: none.
  uint16_t context_begin_ = 0;
  uint16_t context_at_ = 0;
  std::atomic<bool> link_up_{false};
  std::atomic<bool> open_{false};

  // Once it is open.
  CoreId core_;
  NicReceiver* receiver_ = nullptr;
  ReceivePool* pool_ = nullptr;
  std::optional<AdaptivePoll> poll_;
  std::optional<NicCounters> counters_;
};

}  // namespace ebbrt::platform::intel

#endif  // EBBRT_PLATFORM_BAREMETAL_INTEL_QUEUE_H_
