#include "platform/baremetal/virtio/device_queue.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"

namespace ebbrt::platform::virtio::testing {
namespace {

std::byte* At(uint64_t address) {
  return reinterpret_cast<std::byte*>(address);
}

}  // namespace

std::string DeviceQueue::Chain::Read() const {
  std::string all;
  for (std::span<std::byte> part : readable) {
    all.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  return all;
}

uint32_t DeviceQueue::Chain::Write(std::string_view bytes) const {
  uint32_t written = 0;
  for (std::span<std::byte> part : writable) {
    const size_t piece = std::min(part.size(), bytes.size());
    std::memcpy(part.data(), bytes.data(), piece);
    bytes.remove_prefix(piece);
    written += static_cast<uint32_t>(piece);
  }
  return written;
}

size_t DeviceQueue::Chain::writable_bytes() const {
  size_t bytes = 0;
  for (std::span<std::byte> part : writable) bytes += part.size();
  return bytes;
}

DeviceQueue::DeviceQueue(uint16_t size, const Addresses& addresses,
                         bool event_index)
    : size_(size),
      event_index_(event_index),
      descriptors_(At(addresses.descriptors)),
      available_(At(addresses.available)),
      used_(At(addresses.used)) {}

size_t DeviceQueue::available() const {
  return static_cast<uint16_t>(Word(available_ + RingLayout::kIndex) - taken_);
}

std::optional<DeviceQueue::Chain> DeviceQueue::Take() {
  if (available() == 0) return std::nullopt;
  std::optional<Chain> chain = TakeIfSound();
  EBBRT_CHECK(chain.has_value());
  return chain;
}

std::optional<DeviceQueue::Chain> DeviceQueue::TakeIfSound() {
  if (available() == 0 || available() > size_) return std::nullopt;
  const uint16_t head = Word(available_ + RingLayout::kElements +
                             (taken_++ % size_) * sizeof(uint16_t));
  if (head >= size_) return std::nullopt;
  Chain chain = {.head = head, .readable = {}, .writable = {}};
  auto* table = reinterpret_cast<const Descriptor*>(descriptors_);
  size_t count = size_;
  uint16_t at = head;
  if ((table[head].flags & kDescriptorIndirect) != 0) {
    if (table[head].flags != kDescriptorIndirect ||
        table[head].bytes % sizeof(Descriptor) != 0) {
      return std::nullopt;
    }
    count = table[head].bytes / sizeof(Descriptor);
    table = reinterpret_cast<const Descriptor*>(At(table[head].address));
    at = 0;
    chain.is_indirect = true;
  }
  for (size_t left = count;; --left) {
    if (left == 0 || at >= count) return std::nullopt;
    const Descriptor& descriptor = table[at];
    const bool is_writable = (descriptor.flags & kDescriptorWrite) != 0;
    // Those that can be read come first.
    if (!is_writable && !chain.writable.empty()) return std::nullopt;
    if ((descriptor.flags & kDescriptorIndirect) != 0) return std::nullopt;
    (is_writable ? chain.writable : chain.readable)
        .push_back({At(descriptor.address), descriptor.bytes});
    if ((descriptor.flags & kDescriptorNext) == 0) break;
    at = descriptor.next;
  }
  return chain;
}

bool DeviceQueue::Complete(uint16_t head, uint32_t bytes) {
  used_element(completed_) = {head, bytes};
  const uint16_t before = completed_++;
  used_index() = completed_;
  if (event_index_) {
    const RingLayout layout(size_);
    return Passes(Word(available_ + layout.used_event - layout.available),
                  completed_, before);
  }
  return (Word(available_ + RingLayout::kFlags) & kRingQuiet) == 0;
}

void DeviceQueue::WantNotification(bool wanted) {
  if (event_index_) {
    const RingLayout layout(size_);
    Word(used_ + layout.available_event - layout.used) =
        wanted ? taken_ : static_cast<uint16_t>(taken_ - 1);
  } else {
    Word(used_ + RingLayout::kFlags) = wanted ? uint16_t{0} : kRingQuiet;
  }
}

}  // namespace ebbrt::platform::virtio::testing
