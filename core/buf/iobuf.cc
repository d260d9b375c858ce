#include "core/buf/iobuf.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace ebbrt {
namespace {

// The memory of Create: the count stands before the bytes, in one block.
class alignas(16) OwnedMemory final : public IOBufOwner {
 public:
  static OwnedMemory* Create(size_t capacity) {
    void* block = ::operator new(sizeof(OwnedMemory) + capacity, std::nothrow);
    return block == nullptr ? nullptr : ::new (block) OwnedMemory;
  }
  std::byte* bytes() { return reinterpret_cast<std::byte*>(this + 1); }

 private:
  OwnedMemory() : IOBufOwner(&Release) {}

  static void Release(IOBufOwner* owner) {
    OwnedMemory* memory = static_cast<OwnedMemory*>(owner);
    memory->~OwnedMemory();
    ::operator delete(static_cast<void*>(memory));
  }
};

std::byte* Unwritten(std::span<const std::byte> data) {
  // `writable` keeps it from being written.
  return const_cast<std::byte*>(data.data());
}

}  // namespace

std::unique_ptr<IOBuf> IOBuf::Make(IOBufOwner* owner, std::byte* begin,
                                   size_t capacity, size_t offset,
                                   size_t length, bool writable) {
  auto* buffer = new (std::nothrow)
      IOBuf(owner, begin, capacity, offset, length, writable);
  if (buffer == nullptr && owner != nullptr) owner->Unref();
  return std::unique_ptr<IOBuf>(buffer);
}

std::unique_ptr<IOBuf> IOBuf::Create(size_t capacity, size_t headroom) {
  EBBRT_CHECK(headroom <= capacity && capacity <= kCapacityMax);
  OwnedMemory* memory = OwnedMemory::Create(capacity);
  if (memory == nullptr) return nullptr;
  return Make(memory, memory->bytes(), capacity, headroom, 0, true);
}

std::unique_ptr<IOBuf> IOBuf::CopyOf(std::span<const std::byte> data,
                                     size_t headroom) {
  std::unique_ptr<IOBuf> copy = Create(headroom + data.size(), headroom);
  if (copy != nullptr && !data.empty()) {
    std::memcpy(copy->Append(data.size()), data.data(), data.size());
  }
  return copy;
}

std::unique_ptr<IOBuf> IOBuf::CopyOf(std::string_view text) {
  return CopyOf(std::as_bytes(std::span(text)));
}

std::unique_ptr<IOBuf> IOBuf::Static(std::span<const std::byte> data) {
  return Make(nullptr, Unwritten(data), data.size(), 0, data.size(), false);
}

std::unique_ptr<IOBuf> IOBuf::Static(std::string_view text) {
  return Static(std::as_bytes(std::span(text)));
}

std::unique_ptr<IOBuf> IOBuf::Lend(IOBufOwner* owner,
                                   std::span<const std::byte> data) {
  return Make(owner, Unwritten(data), data.size(), 0, data.size(), false);
}

std::unique_ptr<IOBuf> IOBuf::LendWritable(IOBufOwner* owner,
                                           std::span<std::byte> memory,
                                           size_t offset, size_t length) {
  EBBRT_CHECK(offset <= memory.size() && length <= memory.size() - offset);
  return Make(owner, memory.data(), memory.size(), offset, length, true);
}

std::unique_ptr<IOBuf> IOBuf::Clone() const {
  if (owner_ != nullptr) owner_->Ref();
  return Make(owner_, begin_, capacity_, static_cast<size_t>(data_ - begin_),
              length_, writable_);
}

}  // namespace ebbrt
