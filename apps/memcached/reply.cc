#include "apps/memcached/reply.h"

#include <new>
#include <utility>

namespace ebbrt::memcached {

struct Reply::Buffer final : IOBufOwner {
  Buffer() : IOBufOwner(&Release) {}

  static void Release(IOBufOwner* owner) {
    delete static_cast<Buffer*>(owner);
  }

  char bytes[kBufferBytes];
};

Reply::~Reply() {
  if (buffer_ != nullptr) buffer_->Unref();
}

void Reply::EndPiece() {
  if (position_ == begin_) return;
  if (buffer_ == nullptr) {
    // What was written went to spare_.
    position_ = begin_;
    return;
  }
  buffer_->Ref();
  std::unique_ptr<IOBuf> piece =
      IOBuf::Lend(buffer_, std::as_bytes(std::span(begin_, position_)));
  if (piece == nullptr) failed_ = true;
  chain_.PushBack(std::move(piece));
  begin_ = position_;
}

void Reply::NewBuffer() {
  EndPiece();
  if (buffer_ != nullptr) buffer_->Unref();
  // Not value-initialised: its bytes are written before they are sent.
  buffer_ = new (std::nothrow) Buffer;
  if (buffer_ == nullptr) failed_ = true;
  begin_ = buffer_ == nullptr ? spare_ : buffer_->bytes;
  position_ = begin_;
  end_ = begin_ + (buffer_ == nullptr ? kPieceBytesMax : kBufferBytes);
}

void Reply::Lend(Item& item, std::span<const std::byte> bytes) {
  if (bytes.size() <= kCopiedBytesMax) {
    Append({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return;
  }
  EndPiece();
  item.Ref();
  std::unique_ptr<IOBuf> view = IOBuf::Lend(&item, bytes);
  if (view == nullptr) failed_ = true;
  chain_.PushBack(std::move(view));
}

IOBufChain Reply::Take() {
  EndPiece();
  failed_ = false;
  return std::move(chain_);
}

}  // namespace ebbrt::memcached
