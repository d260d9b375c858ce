// Item: a key and its value, in one block of memory that replies lend from.
//
//   | header, 80 bytes | key | value | CR LF |
//
// The value is followed by CR LF whatever protocol stored it, so that a text
// reply lends value and line end as one view.
//
// An item is filled by one core, then linked into the store. From then on key
// and value never change: a reader on any core may lend them (IOBuf::Lend) for
// as long as it holds a reference. What may change is atomic, or stands under
// the lock of the key's stripe (store.h).
//
// Cores: as said at each member. Ownership: by references (IOBufOwner); the
// store holds one from linking until one RCU grace period after unlinking, so
// that within an event whatever was found may be referenced.
// Blocks: no. Allocates: Create. Bound: ItemMemory's limit.
// Units: bytes; seconds of the server's clock (clock.h).
// Errors: null where the limit or the allocator refuses memory.
#ifndef EBBRT_APPS_MEMCACHED_ITEM_H_
#define EBBRT_APPS_MEMCACHED_ITEM_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/intrusive_queue.h"
#include "core/buf/iobuf.h"

namespace ebbrt::memcached {

class ItemRef;

// What the items of one server occupy together. It lives as long as the server
// or any of its items, whichever is longer: the network may still be sending
// from one.
//
// Every figure is a plain shared counter: they change with each store, which
// the workloads this is built for see once in thirty requests.
class ItemMemory {
 public:
  static ItemMemory* Create(size_t bytes_max);
  // The server is gone.
  void Release() { Unref(); }

  // All memory, including that of items which are unlinked but still being
  // read or sent.
  size_t allocated_bytes() const {
    return allocated_bytes_.load(std::memory_order_relaxed);
  }
  // The part of it that eviction can do something about: items that are linked,
  // or are being received.
  size_t live_bytes() const {
    return live_bytes_.load(std::memory_order_relaxed);
  }
  size_t bytes_max() const { return bytes_max_; }
  // How many items exist, linked or not.
  size_t item_count() const {
    return users_.load(std::memory_order_relaxed) - 1;
  }

 private:
  friend class Item;

  explicit ItemMemory(size_t bytes_max) : bytes_max_(bytes_max) {}

  bool Allocate(size_t bytes);
  void Free(size_t bytes);
  void Unref();

  const size_t bytes_max_;
  std::atomic<size_t> allocated_bytes_{0};
  std::atomic<size_t> live_bytes_{0};
  // The items and the server.
  std::atomic<size_t> users_{1};
};

class Item final : public IOBufOwner, public ListLink {
 public:
  static constexpr size_t kKeyBytesMax = 250;

  // An unlinked item with its key and the CR LF; the value is the caller's to
  // fill. REQUIRES: key.size() <= kKeyBytesMax.
  static ItemRef Create(ItemMemory& memory, std::string_view key,
                        uint32_t hash, size_t value_bytes, uint32_t flags,
                        uint32_t expiry);

  // What an item occupies, rounded up as an allocator does.
  static size_t BytesFor(size_t key_bytes, size_t value_bytes);
  size_t bytes() const { return BytesFor(key_bytes_, value_bytes_); }

  // Any core.
  std::string_view key() const { return {text(), key_bytes_}; }
  std::string_view value() const {
    return {text() + key_bytes_, value_bytes_};
  }
  size_t value_bytes() const { return value_bytes_; }
  uint32_t flags() const { return flags_; }
  uint32_t hash() const { return hash_; }
  bool Matches(uint32_t hash, std::string_view other) const {
    return hash_ == hash && key() == other;
  }

  // Views for IOBuf::Lend.
  std::span<const std::byte> value_span() const {
    return std::as_bytes(std::span(value()));
  }
  std::span<const std::byte> value_line_span() const {
    return std::as_bytes(
        std::span(text() + key_bytes_, value_bytes_ + 2));
  }

  // The value and its CR LF, while the item is being filled by its one holder.
  char* mutable_value() { return mutable_text() + key_bytes_; }

  // When it expires; 0: never. Any core may set it.
  uint32_t expiry() const { return expiry_.load(std::memory_order_relaxed); }
  void set_expiry(uint32_t second) {
    expiry_.store(second, std::memory_order_relaxed);
  }

  // The identity that `cas` compares. Set under the stripe's lock.
  uint64_t cas() const { return cas_.load(std::memory_order_relaxed); }
  void set_cas(uint64_t cas) { cas_.store(cas, std::memory_order_relaxed); }

  // Remembers that it was read. Any core; the line is written at most once a
  // second, and no write is lost that matters: the marks are hints.
  void Touch(uint32_t now) {
    uint32_t marks = now << kSecondShift | kVisited | kFetched;
    if (marks_.load(std::memory_order_relaxed) != marks) {
      marks_.store(marks, std::memory_order_relaxed);
    }
  }
  // It was asked for, but not read: it stays, and counts as unread.
  void Bump(uint32_t now) {
    uint32_t fetched = marks_.load(std::memory_order_relaxed) & kFetched;
    marks_.store(now << kSecondShift | kVisited | fetched,
                 std::memory_order_relaxed);
  }
  uint32_t last_access() const {
    return marks_.load(std::memory_order_relaxed) >> kSecondShift;
  }
  // Whether it was ever read.
  bool fetched() const {
    return (marks_.load(std::memory_order_relaxed) & kFetched) != 0;
  }
  // Whether it was read since this was last asked. Under the stripe's lock.
  bool TakeVisited() {
    uint32_t marks = marks_.load(std::memory_order_relaxed);
    if ((marks & kVisited) == 0) return false;
    marks_.store(marks & ~kVisited, std::memory_order_relaxed);
    return true;
  }
  void ResetMarks(uint32_t now) {
    marks_.store(now << kSecondShift, std::memory_order_relaxed);
  }
  // A value that only changes its digits keeps its history.
  void CopyMarks(const Item& other) {
    marks_.store(other.marks_.load(std::memory_order_relaxed),
                 std::memory_order_relaxed);
  }

  // Marks of the meta commands; set under the stripe's lock.
  static constexpr uint8_t kStale = 1;      // To be recached.
  static constexpr uint8_t kTokenSent = 2;  // Somebody was told to recache it.
  static constexpr uint8_t kKeyBinary = 4;  // The key came in base64.
  bool Has(uint8_t mark) const {
    return (state_.load(std::memory_order_relaxed) & mark) != 0;
  }
  void Set(uint8_t mark) {
    state_.store(state_.load(std::memory_order_relaxed) | mark,
                 std::memory_order_relaxed);
  }
  void Clear(uint8_t mark) {
    state_.store(state_.load(std::memory_order_relaxed) & ~mark,
                 std::memory_order_relaxed);
  }
  void CopyState(const Item& other) {
    state_.store(other.state_.load(std::memory_order_relaxed),
                 std::memory_order_relaxed);
  }

  // It is linked no more: what it occupies is no longer live.
  void Retire();

 private:
  friend class HashTable;

  static constexpr uint32_t kFetched = 1;
  static constexpr uint32_t kVisited = 2;
  static constexpr uint32_t kSecondShift = 2;

  Item(ItemMemory& memory, uint32_t hash, uint8_t key_bytes,
       uint32_t value_bytes, uint32_t flags, uint32_t expiry);
  ~Item() = default;

  static void Release(IOBufOwner* owner);

  const char* text() const { return reinterpret_cast<const char*>(this + 1); }
  char* mutable_text() { return reinterpret_cast<char*>(this + 1); }

  // What a lookup reads stands in one cache line with the count and the links.
  std::atomic<Item*> next_{nullptr};  // The hash table's.
  const uint32_t hash_;
  std::atomic<uint32_t> expiry_;
  std::atomic<uint32_t> marks_{0};
  const uint32_t flags_;
  std::atomic<uint64_t> cas_{0};
  const uint32_t value_bytes_;
  const uint8_t key_bytes_;
  std::atomic<uint8_t> state_{0};
  bool retired_ = false;
  ItemMemory* const memory_;
};

// A reference to an item.
class ItemRef {
 public:
  ItemRef() = default;
  // Takes over a reference.
  explicit ItemRef(Item* item) : item_(item) {}
  ItemRef(ItemRef&& other) noexcept
      : item_(std::exchange(other.item_, nullptr)) {}
  ItemRef& operator=(ItemRef&& other) noexcept {
    std::swap(item_, other.item_);
    return *this;
  }
  ~ItemRef() {
    if (item_ != nullptr) item_->Unref();
  }

  Item* get() const { return item_; }
  Item* operator->() const { return item_; }
  Item& operator*() const { return *item_; }
  explicit operator bool() const { return item_ != nullptr; }
  // Gives the reference away.
  Item* Take() { return std::exchange(item_, nullptr); }
  void Reset() { ItemRef().Swap(*this); }

 private:
  void Swap(ItemRef& other) { std::swap(item_, other.item_); }

  Item* item_ = nullptr;
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_ITEM_H_
