#include "core/buf/iobuf.h"

#include <cstring>
#include <new>

namespace ebbrt {
namespace {

// Only to stand in a view that is not writable.
std::byte* Unwritten(std::span<const std::byte> data) {
  return const_cast<std::byte*>(data.data());
}

}  // namespace

// What Create allocates, as one:
//
//   | count, release | the first view | the bytes ...
//
// The block is freed with the last view of the bytes. The first view may be
// gone by then; its place is not used again.
struct alignas(std::max_align_t) IOBuf::OwnedBlock final : IOBufOwner {
  OwnedBlock() : IOBufOwner(&Release) {}

  static void Release(IOBufOwner* owner) {
    OwnedBlock* block = static_cast<OwnedBlock*>(owner);
    block->~OwnedBlock();
    ::operator delete(static_cast<void*>(block));
  }

  std::byte* bytes() { return reinterpret_cast<std::byte*>(this + 1); }

  alignas(IOBuf) std::byte first_view[sizeof(IOBuf)];
};

std::unique_ptr<IOBuf> IOBuf::Create(size_t capacity, size_t headroom) {
  EBBRT_CHECK(headroom <= capacity && capacity <= kCapacityMax);
  void* memory = ::operator new(sizeof(OwnedBlock) + capacity, std::nothrow);
  if (memory == nullptr) return nullptr;
  OwnedBlock* block = ::new (memory) OwnedBlock;
  Room room = {block->bytes(), capacity, headroom, 0};
  return std::unique_ptr<IOBuf>(
      ::new (static_cast<void*>(block->first_view))
          IOBuf(block, room, /*writable=*/true, /*in_block=*/true));
}

std::unique_ptr<IOBuf> IOBuf::Make(IOBufOwner* owner, const Room& room,
                                   bool writable) {
  void* memory = ::operator new(sizeof(IOBuf), std::nothrow);
  if (memory == nullptr) {
    if (owner != nullptr) owner->Unref();
    return nullptr;
  }
  return std::unique_ptr<IOBuf>(
      ::new (memory) IOBuf(owner, room, writable, /*in_block=*/false));
}

std::unique_ptr<IOBuf> IOBuf::CopyOf(std::span<const std::byte> data,
                                     size_t headroom) {
  EBBRT_CHECK(data.size() <= kCapacityMax && headroom <= kCapacityMax);
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
  return Lend(nullptr, data);
}

std::unique_ptr<IOBuf> IOBuf::Static(std::string_view text) {
  return Static(std::as_bytes(std::span(text)));
}

std::unique_ptr<IOBuf> IOBuf::Lend(IOBufOwner* owner,
                                   std::span<const std::byte> data) {
  return Make(owner, {Unwritten(data), data.size(), 0, data.size()},
              /*writable=*/false);
}

std::unique_ptr<IOBuf> IOBuf::LendWritable(IOBufOwner* owner,
                                           std::span<std::byte> memory,
                                           size_t offset, size_t length) {
  EBBRT_CHECK(owner != nullptr);
  EBBRT_CHECK(offset <= memory.size() && length <= memory.size() - offset);
  return Make(owner, {memory.data(), memory.size(), offset, length},
              /*writable=*/true);
}

std::unique_ptr<IOBuf> IOBuf::Clone() const {
  if (owner_ != nullptr) owner_->Ref();
  Room room = {begin_, capacity_, static_cast<size_t>(data_ - begin_), length_};
  return Make(owner_, room, writable_);
}

}  // namespace ebbrt
