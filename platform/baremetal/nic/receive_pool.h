// The buffers that a device fills with what one queue receives.
//
// A buffer is lent on as an IOBuf, without a copy, and comes back by itself
// when the last view of it is gone, on whatever core. So that those who keep
// views cannot starve the device, at most three quarters are lent; beyond that,
// and where a frame is so short that a view costs as much, what was received is
// copied into memory of its own. Who bounds that is who keeps it: an
// application by its receive windows.
//
// Cores: its home core's, but for the return of a buffer. Ownership: the
// queue's; it outlives it while buffers are lent. Blocks: no.
// Allocates: when made; a view or a copy a frame. Bound: buffer_count(). Units:
// bytes. Errors: null where memory is refused.
#ifndef EBBRT_PLATFORM_BAREMETAL_NIC_RECEIVE_POOL_H_
#define EBBRT_PLATFORM_BAREMETAL_NIC_RECEIVE_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/buf/iobuf.h"
#include "platform/baremetal/devices/dma.h"

namespace ebbrt::platform {

class ReceivePool {
 public:
  // A frame of the usual length, and what a device puts before it.
  static constexpr size_t kBufferBytes = 2048;
  static constexpr size_t kCopyBytesMax = 192;

  // For the calling core, with as many buffers as there is room for in what is
  // left of `memory`, which goes with the pool; at most `buffers_max`.
  // REQUIRES: room for 4 of them.
  static ReceivePool* Create(DmaMemory memory, uint32_t buffers_max);
  // The queue ends; the pool goes when its last buffer has come back.
  void Retire();

  ReceivePool(const ReceivePool&) = delete;
  ReceivePool& operator=(const ReceivePool&) = delete;

  uint32_t buffer_count() const { return buffer_count_; }

  // Takes a free buffer, for the device to fill; none if none is free.
  std::optional<uint32_t> Take();
  DmaPlace buffer(uint32_t number) const {
    return {first_.data + number * kBufferBytes,
            first_.address + number * kBufferBytes};
  }
  // Makes an IOBuf of a part of a taken buffer, as lent or as a copy. Null, and
  // the buffer free, where memory is refused.
  std::unique_ptr<IOBuf> Receive(uint32_t number, size_t offset,
                                 size_t length);
  // A taken buffer is free again.
  void GiveBack(uint32_t number) { free_[free_count_++] = number; }

 private:
  struct Buffer final : IOBufOwner, QueueLink<Buffer> {
    Buffer() : IOBufOwner(&ReceivePool::Release) {}
    ReceivePool* pool = nullptr;
  };

  ReceivePool(DmaMemory memory, uint32_t buffer_count);
  ~ReceivePool() = default;

  static void Release(IOBufOwner* owner);
  void TakeBackRemote();
  void Unref();

  const CoreId home_;
  DmaMemory memory_;
  const uint32_t buffer_count_;
  const DmaPlace first_;
  const std::unique_ptr<Buffer[]> buffers_;
  const std::unique_ptr<uint32_t[]> free_;  // The numbers of those that are.
  uint32_t free_count_ = 0;
  uint32_t lent_count_ = 0;
  bool retired_ = false;

  // Lent buffers, and one for the queue. Touched by other cores.
  alignas(kNoSharingBytes) std::atomic<uint32_t> references_{1};
  // Given back by other cores.
  MpscStack<Buffer> remote_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_NIC_RECEIVE_POOL_H_
