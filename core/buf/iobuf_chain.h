// IOBufChain: bytes that stand in several IOBufs, in order.
//
// What passes between the network and an application. Its length and the
// number of its buffers are kept, never counted.
//
// Cores: one at a time. Ownership: the chain owns its buffers. Blocks: no.
// Allocates: only Clone, SplitFront (one descriptor) and Coalesce.
// Units: bytes. Errors: as IOBuf; cutting beyond the end is a failed check.
// Source: paper section 4.6.
#ifndef EBBRT_CORE_BUF_IOBUF_CHAIN_H_
#define EBBRT_CORE_BUF_IOBUF_CHAIN_H_

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/buf/iobuf.h"

namespace ebbrt {

class IOBufChain {
 public:
  // Visits the buffers, first to last.
  class Iterator {
   public:
    using value_type = const IOBuf;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    const IOBuf& operator*() const { return *buffer_; }
    const IOBuf* operator->() const { return buffer_; }
    Iterator& operator++() {
      buffer_ = buffer_->next_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(Iterator, Iterator) = default;

   private:
    friend class IOBufChain;
    explicit Iterator(const IOBuf* buffer) : buffer_(buffer) {}
    const IOBuf* buffer_ = nullptr;
  };

  IOBufChain() = default;
  // A chain of one; of none if `buffer` is null or empty.
  explicit IOBufChain(std::unique_ptr<IOBuf> buffer) {
    PushBack(std::move(buffer));
  }
  IOBufChain(IOBufChain&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)),
        tail_(other.tail_),
        length_(std::exchange(other.length_, 0)),
        buffer_count_(std::exchange(other.buffer_count_, 0)) {}
  IOBufChain& operator=(IOBufChain&& other) noexcept {
    IOBufChain taken(std::move(other));
    Swap(taken);
    return *this;
  }
  // Most chains have been moved from: that costs a test.
  ~IOBufChain() {
    if (head_ != nullptr) Clear();
  }

  bool empty() const { return length_ == 0; }
  // Of all buffers together.
  size_t length() const { return length_; }
  size_t buffer_count() const { return buffer_count_; }

  Iterator begin() const { return Iterator(head_); }
  Iterator end() const { return Iterator(); }
  // REQUIRES: !empty().
  const IOBuf& front() const { return *head_; }
  const IOBuf& back() const { return *tail_; }

  // Null and empty buffers are dropped: a chain has none.
  void PushBack(std::unique_ptr<IOBuf> buffer) {
    if (buffer == nullptr || buffer->empty()) return;
    IOBuf* added = buffer.release();
    added->next_ = nullptr;
    (head_ == nullptr ? head_ : tail_->next_) = added;
    tail_ = added;
    length_ += added->length_;
    ++buffer_count_;
  }
  void PushFront(std::unique_ptr<IOBuf> buffer);
  void Append(IOBufChain&& other) {
    if (other.head_ == nullptr) return;
    (head_ == nullptr ? head_ : tail_->next_) =
        std::exchange(other.head_, nullptr);
    tail_ = other.tail_;
    length_ += std::exchange(other.length_, 0);
    buffer_count_ += std::exchange(other.buffer_count_, 0);
  }
  // Null if empty.
  std::unique_ptr<IOBuf> PopFront() {
    IOBuf* first = head_;
    if (first == nullptr) return nullptr;
    head_ = std::exchange(first->next_, nullptr);
    length_ -= first->length_;
    --buffer_count_;
    return std::unique_ptr<IOBuf>(first);
  }
  void Clear();

  // Widens the first buffer over `bytes` more before its data, and returns
  // them, unset; null if it has no such room.
  std::byte* Prepend(size_t bytes) {
    if (head_ == nullptr || head_->headroom() < bytes) return nullptr;
    length_ += bytes;
    return head_->Prepend(bytes);
  }
  // The first buffer's data; null if there is none, or others see it, too.
  std::byte* mutable_front() {
    if (head_ == nullptr || !head_->writable()) return nullptr;
    return head_->mutable_data();
  }

  // Drops that many bytes; TrimBack walks the buffers that stay.
  // REQUIRES: bytes <= length().
  void TrimFront(size_t bytes) {
    if (head_ == nullptr || bytes >= head_->length_) {
      TrimFrontBuffers(bytes);
      return;
    }
    head_->TrimFront(bytes);
    length_ -= bytes;
  }
  void TrimBack(size_t bytes);

  // Takes the first `bytes` out as a chain of its own, without copying. None
  // if there is no memory for the one descriptor that a cut within a buffer
  // takes; then nothing has changed. REQUIRES: bytes <= length().
  std::optional<IOBufChain> SplitFront(size_t bytes);

  // A chain of views of the same bytes; none if there is no memory.
  std::optional<IOBufChain> Clone() const;

  // Copies bytes [offset, offset + to.size()).
  // REQUIRES: offset + to.size() <= length().
  void CopyTo(std::span<std::byte> to, size_t offset = 0) const;

  // The first `bytes` as one run of memory, which the chain keeps: copied
  // together if they were not, into the first buffer if that has room. Null if
  // there is no memory for that; then nothing has changed.
  // REQUIRES: 0 < bytes <= length(), bytes <= IOBuf::kCapacityMax.
  const std::byte* Coalesce(size_t bytes);

  // All of it, copied: for tests and messages.
  std::string ToString() const;

 private:
  void TrimFrontBuffers(size_t bytes);
  void Swap(IOBufChain& other) noexcept {
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(length_, other.length_);
    std::swap(buffer_count_, other.buffer_count_);
  }

  // Invariants: length_ is the sum of the buffers' lengths, none of which is
  // zero; tail_ means something only while head_ is not null.
  IOBuf* head_ = nullptr;
  IOBuf* tail_ = nullptr;
  size_t length_ = 0;
  size_t buffer_count_ = 0;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_BUF_IOBUF_CHAIN_H_
