#include "core/buf/iobuf_chain.h"

#include <algorithm>
#include <cstring>

namespace ebbrt {

void IOBufChain::PushFront(std::unique_ptr<IOBuf> buffer) {
  if (buffer == nullptr || buffer->empty()) return;
  IOBuf* added = buffer.release();
  added->next_ = head_;
  if (head_ == nullptr) tail_ = added;
  head_ = added;
  length_ += added->length_;
  ++buffer_count_;
}

void IOBufChain::Clear() {
  while (head_ != nullptr) delete std::exchange(head_, head_->next_);
  length_ = buffer_count_ = 0;
}

void IOBufChain::TrimFrontBuffers(size_t bytes) {
  EBBRT_CHECK(bytes <= length_);
  while (bytes != 0 && bytes >= head_->length_) {
    bytes -= head_->length_;
    PopFront();
  }
  if (bytes != 0) {
    head_->TrimFront(bytes);
    length_ -= bytes;
  }
}

void IOBufChain::TrimBack(size_t bytes) {
  EBBRT_CHECK(bytes <= length_);
  size_t kept = length_ - bytes;
  if (kept == 0) {
    Clear();
    return;
  }
  // Walks to the buffer that holds the last byte kept.
  size_t before = 0;
  size_t count = 1;
  IOBuf* last = head_;
  while (before + last->length_ < kept) {
    before += last->length_;
    last = last->next_;
    ++count;
  }
  IOBuf* rest = std::exchange(last->next_, nullptr);
  while (rest != nullptr) delete std::exchange(rest, rest->next_);
  last->length_ = kept - before;
  tail_ = last;
  length_ = kept;
  buffer_count_ = count;
}

std::optional<IOBufChain> IOBufChain::SplitFront(size_t bytes) {
  EBBRT_CHECK(bytes <= length_);
  if (bytes == length_) return std::move(*this);
  // The clone comes first: nothing has changed yet if there is none.
  size_t before = 0;
  const IOBuf* cut = head_;
  while (before + cut->length_ <= bytes) {
    before += cut->length_;
    cut = cut->next_;
  }
  std::unique_ptr<IOBuf> part;
  if (before < bytes) {
    part = cut->Clone();
    if (part == nullptr) return std::nullopt;
    part->TrimBack(part->length() - (bytes - before));
  }
  IOBufChain taken;
  while (head_ != cut) taken.PushBack(PopFront());
  if (part != nullptr) {
    taken.PushBack(std::move(part));
    TrimFront(bytes - before);
  }
  return taken;
}

std::optional<IOBufChain> IOBufChain::Clone() const {
  IOBufChain clones;
  for (const IOBuf& buffer : *this) {
    std::unique_ptr<IOBuf> clone = buffer.Clone();
    if (clone == nullptr) return std::nullopt;
    clones.PushBack(std::move(clone));
  }
  return clones;
}

void IOBufChain::CopyTo(std::span<std::byte> to, size_t offset) const {
  EBBRT_CHECK(offset <= length_ && to.size() <= length_ - offset);
  for (const IOBuf& buffer : *this) {
    if (to.empty()) return;
    if (offset >= buffer.length()) {
      offset -= buffer.length();
      continue;
    }
    size_t bytes = std::min(buffer.length() - offset, to.size());
    std::memcpy(to.data(), buffer.data() + offset, bytes);
    to = to.subspan(bytes);
    offset = 0;
  }
}

const std::byte* IOBufChain::Coalesce(size_t bytes) {
  EBBRT_CHECK(0 < bytes && bytes <= length_);
  EBBRT_CHECK(bytes <= IOBuf::kCapacityMax);
  if (bytes <= head_->length_) return head_->data_;
  size_t missing = bytes - head_->length_;
  std::unique_ptr<IOBuf> first;
  if (missing <= head_->tailroom()) {
    // There is room for the rest behind what is there.
    CopyTo({head_->data_ + head_->length_, missing}, head_->length_);
    first = PopFront();
    first->Append(missing);
    TrimFront(missing);
  } else {
    first = IOBuf::Create(bytes);
    if (first == nullptr) return nullptr;
    CopyTo({first->Append(bytes), bytes});
    TrimFront(bytes);
  }
  PushFront(std::move(first));
  return head_->data_;
}

std::string IOBufChain::ToString() const {
  std::string text;
  text.reserve(length_);
  for (const IOBuf& buffer : *this) text += buffer.text();
  return text;
}

}  // namespace ebbrt
