// The buffers that the kernel fills with what a core's connections receive.
//
// A buffer is lent to the application as an IOBuf and comes back by itself once
// the last view of it is gone, on whatever core. So that those who keep views
// (a value that arrives in pieces, say) cannot starve the rest, no more than
// kLentMax are lent: beyond, what was received is copied into memory of its
// own, of its own size, and the buffer is free again at once. Who bounds the
// memory of what is kept is the application, by its receive windows.
//
// With io_uring the free buffers stand in a ring that the kernel takes from
// (Provide); otherwise they are taken here.
//
// Cores: its core's, but for the return of a buffer. Ownership: the network's;
// it outlives it while buffers are lent. Blocks: no. Allocates: kBuffers *
// kStrideBytes of addresses; memory as far as it is used. Units: bytes.
// Errors: a null pool, or IOBuf, where memory is refused.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_RECEIVE_POOL_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_RECEIVE_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/buf/iobuf.h"

struct io_uring_buf_ring;

namespace ebbrt::sockets {

class ReceivePool {
 public:
  static constexpr uint32_t kBuffers = 256;  // A power of two, for the ring.
  static constexpr uint32_t kLentMax = kBuffers * 3 / 4;
  static constexpr size_t kBufferBytes = 16 * kKiB;
  // Buffers begin in different sets of the processor's caches: mostly it is
  // their first lines that are used.
  static constexpr size_t kStrideBytes = kBufferBytes + 2 * kCacheLineBytes;

  // Null where memory is refused.
  static ReceivePool* Create();
  // The network ends; the pool goes when its last buffer has come back.
  void Retire();

  ReceivePool(const ReceivePool&) = delete;
  ReceivePool& operator=(const ReceivePool&) = delete;

  // From now on free buffers stand in the kernel's ring, which has kBuffers
  // entries.
  void Provide(io_uring_buf_ring* ring);

  // The number of a free buffer. REQUIRES: no ring.
  uint32_t Take();
  std::span<std::byte> buffer(uint32_t number) {
    return {memory_ + number * kStrideBytes, kBufferBytes};
  }

  // Makes an IOBuf of the first `length` bytes of a taken buffer, as lent or
  // as a copy. Null where memory is refused.
  std::unique_ptr<IOBuf> Receive(uint32_t number, size_t length);
  // A taken buffer is free again.
  void GiveBack(uint32_t number);

 private:
  struct Buffer final : IOBufOwner, QueueLink<Buffer> {
    Buffer() : IOBufOwner(&ReceivePool::Release) {}
    ReceivePool* pool = nullptr;
  };

  ReceivePool() = default;
  ~ReceivePool();

  static void Release(IOBufOwner* owner);
  uint32_t NumberOf(const Buffer* buffer) const {
    return static_cast<uint32_t>(buffer - buffers_);
  }
  void TakeBackRemote();
  void Unref();

  CoreId home_;
  std::byte* memory_ = nullptr;
  io_uring_buf_ring* ring_ = nullptr;
  bool retired_ = false;
  uint32_t lent_count_ = 0;
  uint32_t free_count_ = 0;
  uint16_t free_[kBuffers];  // Without a ring: those that are free.
  Buffer buffers_[kBuffers];

  // Lent buffers, and one for the network. Touched by other cores.
  alignas(kNoSharingBytes) std::atomic<uint32_t> references_{1};
  // Given back by other cores.
  MpscStack<Buffer> remote_;
};

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_RECEIVE_POOL_H_
