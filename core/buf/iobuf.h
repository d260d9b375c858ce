// IOBuf: a view of memory that somebody owns, as it passes between a device,
// the stack and the application without being copied.
//
//        capacity of the memory behind it
//   |------------|=================|-----------|
//     headroom    data() .. length   tailroom
//
// Headers are prepended into the headroom; TrimFront and TrimBack narrow the
// view. Several views may share one memory. How the memory is owned is a
// matter of its owner:
//
//   unique    made by Create: nobody else refers to it, it may be written
//   shared    a Clone: read only, until all but one view are gone
//   static    memory that outlives the program's use of it; no owner
//   lent      any object that derives from IOBufOwner: an item of a cache, a
//             buffer of a device; it learns when the last view is gone
//
// A view narrows itself only: two views of one memory that were cut apart are
// still both shared. A device that lends writable buffers therefore has an
// owner for each.
//
// Cores: a view belongs to one core at a time and may be passed on; views of
// one memory may be on different cores. Ownership: a view holds a reference to
// the owner of its memory. Blocks: no.
// Allocates: one block, which Create shares between the bytes and their view.
// Bound: kCapacityMax. Units: bytes.
// Errors: a null pointer where memory is refused; a view that is widened
// beyond its room is a failed check.
// Source: paper section 4.6.
#ifndef EBBRT_CORE_BUF_IOBUF_H_
#define EBBRT_CORE_BUF_IOBUF_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>

#include "core/base/check.h"

namespace ebbrt {

// What keeps the memory behind IOBufs alive: a count, and what to do at its
// end.
class IOBufOwner {
 public:
  IOBufOwner(const IOBufOwner&) = delete;
  IOBufOwner& operator=(const IOBufOwner&) = delete;

  // Any core.
  // Relaxed: who adds a reference has one already.
  void Ref() { references_.fetch_add(1, std::memory_order_relaxed); }

  // Any core; the owner may be gone afterwards.
  void Unref() {
    // Acquire: what others did with the memory before they let it go is seen
    // by whoever reuses it. The only holder needs no atomic operation, which
    // is the common case.
    if (references_.load(std::memory_order_acquire) == 1 ||
        references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      release_(this);
    }
  }

  // Whether the caller holds the only reference.
  bool unique() const {
    return references_.load(std::memory_order_acquire) == 1;
  }

 protected:
  // `release` is called once the last reference is gone, on the core that let
  // it go. The maker holds the first reference.
  explicit IOBufOwner(void (*release)(IOBufOwner* owner))
      : release_(release) {}
  ~IOBufOwner() = default;

 private:
  std::atomic<uint32_t> references_{1};
  void (*const release_)(IOBufOwner* owner);
};

class IOBuf {
 public:
  static constexpr size_t kCapacityMax = size_t{1} << 32;

  // Memory of its own: no data yet, `headroom` bytes before where it will be.
  // REQUIRES: headroom <= capacity <= kCapacityMax.
  static std::unique_ptr<IOBuf> Create(size_t capacity, size_t headroom = 0);
  static std::unique_ptr<IOBuf> CopyOf(std::span<const std::byte> data,
                                       size_t headroom = 0);
  static std::unique_ptr<IOBuf> CopyOf(std::string_view text);

  // A view of memory that is never freed nor changed while it is in use.
  static std::unique_ptr<IOBuf> Static(std::span<const std::byte> data);
  static std::unique_ptr<IOBuf> Static(std::string_view text);

  // A view of `data`, which `owner` keeps alive. Takes over one reference,
  // also if it returns null. Read only.
  static std::unique_ptr<IOBuf> Lend(IOBufOwner* owner,
                                     std::span<const std::byte> data);

  // The same, of memory that only this view is to write: its room is
  // `memory`, its data stands at [offset, offset + length) in it. It may be
  // written while nobody else holds a reference to the owner.
  // REQUIRES: an owner; the data lies within the memory.
  static std::unique_ptr<IOBuf> LendWritable(IOBufOwner* owner,
                                             std::span<std::byte> memory,
                                             size_t offset, size_t length);

  // The last act, since a view may stand in the block that goes with it.
  ~IOBuf() {
    if (owner_ != nullptr) owner_->Unref();
  }
  static void operator delete(IOBuf* view, std::destroying_delete_t) {
    const bool in_block = view->in_block_;
    view->~IOBuf();
    if (!in_block) ::operator delete(static_cast<void*>(view));
  }
  IOBuf(const IOBuf&) = delete;
  IOBuf& operator=(const IOBuf&) = delete;

  // Another view of the same bytes. Neither may write while both exist.
  std::unique_ptr<IOBuf> Clone() const;

  const std::byte* data() const { return data_; }
  size_t length() const { return length_; }
  bool empty() const { return length_ == 0; }
  std::span<const std::byte> bytes() const { return {data_, length_}; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(data_), length_};
  }

  // Whether the data may be written and the view widened.
  bool writable() const { return writable_ && owner_->unique(); }
  // REQUIRES: writable().
  std::byte* mutable_data() {
    EBBRT_DCHECK(writable());
    return data_;
  }

  // Room before and behind the data; none where it must not be written.
  size_t headroom() const {
    return writable() ? static_cast<size_t>(data_ - begin_) : 0;
  }
  size_t tailroom() const {
    if (!writable()) return 0;
    return capacity_ - static_cast<size_t>(data_ - begin_) - length_;
  }

  // Widens the view over `bytes` more, and returns them, unset.
  // REQUIRES: that much room.
  std::byte* Prepend(size_t bytes) {
    EBBRT_CHECK(bytes <= headroom());
    data_ -= bytes;
    length_ += bytes;
    return data_;
  }
  std::byte* Append(size_t bytes) {
    EBBRT_CHECK(bytes <= tailroom());
    std::byte* end = data_ + length_;
    length_ += bytes;
    return end;
  }

  // Narrow the view. REQUIRES: bytes <= length().
  void TrimFront(size_t bytes) {
    EBBRT_CHECK(bytes <= length_);
    data_ += bytes;
    length_ -= bytes;
  }
  void TrimBack(size_t bytes) {
    EBBRT_CHECK(bytes <= length_);
    length_ -= bytes;
  }

 private:
  friend class IOBufChain;

  struct OwnedBlock;

  // The memory that a view may widen to, and the data in it.
  struct Room {
    std::byte* begin;
    size_t capacity;
    size_t offset;
    size_t length;
  };

  IOBuf(IOBufOwner* owner, const Room& room, bool writable, bool in_block)
      : data_(room.begin + room.offset),
        length_(room.length),
        begin_(room.begin),
        capacity_(room.capacity),
        owner_(owner),
        writable_(writable),
        in_block_(in_block) {}

  // A view in a block of its own. Takes over one reference to `owner`.
  static std::unique_ptr<IOBuf> Make(IOBufOwner* owner, const Room& room,
                                     bool writable);

  // Invariants: 1. begin_ <= data_, and data_ + length_ <= begin_ + capacity_.
  // 2. What is writable_ has an owner.
  std::byte* data_;
  size_t length_;
  std::byte* begin_;
  size_t capacity_;
  IOBufOwner* owner_;      // Null for static memory.
  IOBuf* next_ = nullptr;  // The chain's.
  bool writable_;          // As long as the owner has no other reference.
  bool in_block_;          // Stands in the block that its owner frees.
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_BUF_IOBUF_H_
