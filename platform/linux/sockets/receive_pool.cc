#include "platform/linux/sockets/receive_pool.h"

#include <liburing.h>

#include <new>

#include "core/base/check.h"
#include "platform/linux/linux.h"

namespace ebbrt::sockets {
namespace {

using platform::Linux;

constexpr size_t kMemoryBytes =
    (ReceivePool::kBuffers * ReceivePool::kStrideBytes + Linux::kPageBytes -
     1) /
    Linux::kPageBytes * Linux::kPageBytes;

}  // namespace

ReceivePool* ReceivePool::Create() {
  void* memory = Linux::ReservePages(kMemoryBytes, Linux::kPageBytes);
  if (memory == nullptr) return nullptr;
  ReceivePool* pool = nullptr;
  if (Linux::CommitPages(memory, kMemoryBytes, Linux::CurrentNumaNode())) {
    pool = new (std::nothrow) ReceivePool;
  }
  if (pool == nullptr) {
    Linux::UnreservePages(memory, kMemoryBytes);
    return nullptr;
  }
  pool->home_ = Linux::CurrentCore();
  pool->memory_ = static_cast<std::byte*>(memory);
  for (uint32_t i = 0; i < kBuffers; ++i) {
    pool->buffers_[i].pool = pool;
    pool->free_[i] = static_cast<uint16_t>(i);
  }
  pool->free_count_ = kBuffers;
  return pool;
}

ReceivePool::~ReceivePool() { Linux::UnreservePages(memory_, kMemoryBytes); }

void ReceivePool::Retire() {
  retired_ = true;
  Unref();
}

void ReceivePool::Unref() {
  // Acquire and release: whoever deletes sees what the others did.
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void ReceivePool::Provide(io_uring_buf_ring* ring) {
  io_uring_buf_ring_init(ring);
  ring_ = ring;
  while (free_count_ != 0) GiveBack(free_[--free_count_]);
}

uint32_t ReceivePool::Take() {
  if (!remote_.empty()) TakeBackRemote();
  // kLentMax leaves some, and who takes one is done with it when it returns.
  EBBRT_CHECK(ring_ == nullptr && free_count_ != 0);
  return free_[--free_count_];
}

void ReceivePool::GiveBack(uint32_t number) {
  if (ring_ == nullptr) {
    free_[free_count_++] = static_cast<uint16_t>(number);
    return;
  }
  io_uring_buf_ring_add(ring_, memory_ + number * kStrideBytes, kBufferBytes,
                        static_cast<uint16_t>(number),
                        io_uring_buf_ring_mask(kBuffers), 0);
  io_uring_buf_ring_advance(ring_, 1);
}

std::unique_ptr<IOBuf> ReceivePool::Receive(uint32_t number, size_t length) {
  if (!remote_.empty()) TakeBackRemote();
  std::span<std::byte> bytes = buffer(number);
  if (lent_count_ < kLentMax) {
    ++lent_count_;
    // Relaxed: the network's reference keeps the pool meanwhile.
    references_.fetch_add(1, std::memory_order_relaxed);
    // If there is no memory for the view, this has given the buffer back.
    return IOBuf::LendWritable(&buffers_[number], bytes, 0, length);
  }
  std::unique_ptr<IOBuf> copy = IOBuf::CopyOf(bytes.first(length));
  GiveBack(number);
  return copy;
}

void ReceivePool::Release(IOBufOwner* owner) {
  Buffer* buffer = static_cast<Buffer*>(owner);
  ReceivePool* pool = buffer->pool;
  // It begins anew, with one reference.
  buffer->~Buffer();
  buffer = ::new (static_cast<void*>(buffer)) Buffer;
  buffer->pool = pool;
  if (Linux::OnCore() && Linux::CurrentCore() == pool->home_) {
    // A retired pool is waited for only by its references.
    if (!pool->retired_) {
      --pool->lent_count_;
      pool->GiveBack(pool->NumberOf(buffer));
    }
  } else {
    pool->remote_.Push(buffer);
  }
  pool->Unref();
}

void ReceivePool::TakeBackRemote() {
  IntrusiveQueue<Buffer> returned = remote_.TakeAll();
  while (Buffer* buffer = returned.PopFront()) {
    --lent_count_;
    GiveBack(NumberOf(buffer));
  }
}

}  // namespace ebbrt::sockets
