#include "platform/baremetal/nic/receive_pool.h"

#include <algorithm>
#include <new>
#include <span>
#include <utility>

#include "core/base/check.h"
#include "platform/current.h"

namespace ebbrt::platform {

ReceivePool* ReceivePool::Create(DmaMemory memory, uint32_t buffers_max) {
  const size_t room = memory.left() / kBufferBytes;
  const auto count =
      static_cast<uint32_t>(std::min<size_t>(room, buffers_max));
  EBBRT_CHECK(count >= 4);
  return new ReceivePool(std::move(memory), count);
}

ReceivePool::ReceivePool(DmaMemory memory, uint32_t buffer_count)
    : home_(Platform::CurrentCore()),
      memory_(std::move(memory)),
      buffer_count_(buffer_count),
      first_(memory_.Take(buffer_count * kBufferBytes, kCacheLineBytes)),
      buffers_(std::make_unique<Buffer[]>(buffer_count)),
      free_(std::make_unique<uint32_t[]>(buffer_count)) {
  for (uint32_t i = 0; i < buffer_count; ++i) {
    buffers_[i].pool = this;
    GiveBack(i);
  }
}

void ReceivePool::Retire() {
  retired_ = true;
  Unref();
}

void ReceivePool::Unref() {
  // Acquire and release: whoever deletes sees what the others did.
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

std::optional<uint32_t> ReceivePool::Take() {
  if (!remote_.empty()) TakeBackRemote();
  if (free_count_ == 0) return std::nullopt;
  return free_[--free_count_];
}

std::unique_ptr<IOBuf> ReceivePool::Receive(uint32_t number, size_t offset,
                                            size_t length) {
  EBBRT_DCHECK(offset <= kBufferBytes && length <= kBufferBytes - offset);
  std::byte* const data = buffer(number).data;
  if (length > kCopyBytesMax && lent_count_ < buffer_count_ / 4 * 3) {
    ++lent_count_;
    // Relaxed: the queue's reference keeps the pool meanwhile.
    references_.fetch_add(1, std::memory_order_relaxed);
    // If there is no memory for the view, this has given the buffer back.
    return IOBuf::LendWritable(&buffers_[number], {data, kBufferBytes}, offset,
                               length);
  }
  std::unique_ptr<IOBuf> copy = IOBuf::CopyOf({data + offset, length});
  GiveBack(number);
  return copy;
}

void ReceivePool::Release(IOBufOwner* owner) {
  auto* buffer = static_cast<Buffer*>(owner);
  ReceivePool* pool = buffer->pool;
  // It begins anew, with one reference.
  buffer->~Buffer();
  buffer = ::new (static_cast<void*>(buffer)) Buffer;
  buffer->pool = pool;
  if (Platform::OnCore() && Platform::CurrentCore() == pool->home_) {
    // A retired pool is waited for only by its references.
    if (!pool->retired_) {
      --pool->lent_count_;
      pool->GiveBack(static_cast<uint32_t>(buffer - pool->buffers_.get()));
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
    GiveBack(static_cast<uint32_t>(buffer - buffers_.get()));
  }
}

}  // namespace ebbrt::platform
