#include "platform/baremetal/virtio/virtqueue.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "core/base/check.h"

namespace ebbrt::platform::virtio {
namespace {

constexpr size_t AlignTable(size_t bytes) {
  constexpr size_t kAlignment = alignof(Descriptor);
  return (bytes + kAlignment - 1) & ~(kAlignment - 1);
}

// What the device writes while we look.
uint16_t Load(uint16_t& word) {
  // Acquire: what the device wrote before the index is seen.
  return std::atomic_ref(word).load(std::memory_order_acquire);
}
void Store(uint16_t& word, uint16_t value) {
  // Release: the device sees what was written before.
  std::atomic_ref(word).store(value, std::memory_order_release);
}

}  // namespace

size_t Virtqueue::MemoryBytes(const Options& options) {
  return AlignTable(RingLayout(options.size).bytes) +
         size_t{options.size} * options.indirect_max * sizeof(Descriptor);
}

Virtqueue::Virtqueue(const Options& options, const DmaPlace& memory)
    : size_(options.size),
      event_index_(options.event_index),
      indirect_max_(options.indirect_max),
      layout_(options.size),
      tables_offset_(AlignTable(layout_.bytes)),
      memory_(memory),
      states_(std::make_unique<State[]>(options.size)),
      free_tail_(static_cast<uint16_t>(options.size - 1)),
      free_count_(options.size) {
  EBBRT_CHECK(std::has_single_bit(size_) && size_ <= kQueueSizeMax);
  EBBRT_CHECK(reinterpret_cast<uintptr_t>(memory.data) %
                  RingLayout::kAlignment ==
              0);
  for (uint16_t i = 0; i < size_; ++i) {
    states_[i].next = static_cast<uint16_t>(i + 1);
  }
}

uint16_t Virtqueue::Add(std::span<const DmaRun> readable,
                        std::span<const DmaRun> writable) {
  const size_t buffers = readable.size() + writable.size();
  EBBRT_DCHECK(buffers > 0 && HasRoom(buffers));
  const uint16_t head = free_head_;
  State& state = states_[head];
  uint16_t last = head;
  if (IsIndirect(buffers)) {
    AddIndirect(head, readable, writable);
  } else {
    last = AddDirect(head, readable, writable);
  }
  free_head_ = states_[last].next;
  state.last = last;
  state.count = static_cast<uint16_t>(DescriptorsFor(buffers));
  state.writable_bytes = 0;
  for (const DmaRun& run : writable) state.writable_bytes += run.bytes;
  free_count_ = static_cast<uint16_t>(free_count_ - state.count);
  ++in_flight_;
  Word(layout_.available + RingLayout::kElements +
       (added_ & (size_ - 1)) * sizeof(uint16_t)) = head;
  ++added_;
  return head;
}

uint16_t Virtqueue::AddDirect(uint16_t head, std::span<const DmaRun> readable,
                              std::span<const DmaRun> writable) {
  auto* descriptors = reinterpret_cast<Descriptor*>(memory_.data);
  size_t left = readable.size() + writable.size();
  uint16_t last = head;
  uint16_t at = head;
  auto add = [&](const DmaRun& run, uint16_t flags) {
    const uint16_t next = states_[at].next;
    const bool has_next = --left != 0;
    descriptors[at] = {run.address, run.bytes,
                       static_cast<uint16_t>(
                           flags | (has_next ? kDescriptorNext : 0)),
                       has_next ? next : uint16_t{0}};
    last = at;
    at = next;
  };
  for (const DmaRun& run : readable) add(run, 0);
  for (const DmaRun& run : writable) add(run, kDescriptorWrite);
  return last;
}

void Virtqueue::AddIndirect(uint16_t head, std::span<const DmaRun> readable,
                            std::span<const DmaRun> writable) {
  Descriptor* const table = Table(head);
  const size_t count = readable.size() + writable.size();
  size_t i = 0;
  auto add = [&](const DmaRun& run, uint16_t flags) {
    const bool has_next = i + 1 != count;
    table[i] = {run.address, run.bytes,
                static_cast<uint16_t>(flags |
                                      (has_next ? kDescriptorNext : 0)),
                static_cast<uint16_t>(has_next ? i + 1 : 0)};
    ++i;
  };
  for (const DmaRun& run : readable) add(run, 0);
  for (const DmaRun& run : writable) add(run, kDescriptorWrite);
  const auto offset = reinterpret_cast<std::byte*>(table) - memory_.data;
  reinterpret_cast<Descriptor*>(memory_.data)[head] = {
      memory_.address + static_cast<uint64_t>(offset),
      static_cast<uint32_t>(count * sizeof(Descriptor)), kDescriptorIndirect,
      0};
}

bool Virtqueue::Publish() {
  const uint16_t before = published_;
  if (added_ == before || broken_) return false;
  published_ = added_;
  Store(Word(layout_.available + RingLayout::kIndex), published_);
  // The device writes what it wants and then looks for more; we have written
  // that there is more and then look at what it wants.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (event_index_) {
    return Passes(Load(Word(layout_.available_event)), published_, before);
  }
  return (Load(Word(layout_.used + RingLayout::kFlags)) & kRingQuiet) == 0;
}

std::optional<Virtqueue::Used> Virtqueue::TakeUsed() {
  const auto pending = static_cast<uint16_t>(
      Load(Word(layout_.used + RingLayout::kIndex)) - used_);
  if (pending == 0 || broken_) return std::nullopt;
  // Read once, as the device could change it behind the checks.
  auto* const words = reinterpret_cast<const volatile uint32_t*>(
      memory_.data + layout_.used + RingLayout::kElements +
      (used_ & (size_ - 1)) * sizeof(UsedElement));
  const UsedElement element = {.head = words[0], .bytes = words[1]};
  const auto shown = static_cast<uint16_t>(
      in_flight_ - static_cast<uint16_t>(added_ - published_));
  if (pending > shown || element.head >= size_ ||
      states_[element.head].count == 0) {
    broken_ = true;
    return std::nullopt;
  }
  ++used_;
  const auto head = static_cast<uint16_t>(element.head);
  const Used used = {head,
                     std::min(element.bytes, states_[head].writable_bytes)};
  Free(head);
  return used;
}

void Virtqueue::Free(uint16_t head) {
  State& state = states_[head];
  if (free_count_ == 0) {
    free_head_ = head;
  } else {
    states_[free_tail_].next = head;
  }
  free_tail_ = state.last;
  free_count_ = static_cast<uint16_t>(free_count_ + state.count);
  state.count = 0;
  --in_flight_;
}

void Virtqueue::WantInterrupt(Interrupt wanted) {
  if (!event_index_) {
    Store(Word(layout_.available + RingLayout::kFlags),
          wanted == Interrupt::kNever ? kRingQuiet : uint16_t{0});
  } else {
    uint16_t event = used_;
    // Behind what is used, where it comes only after all numbers.
    if (wanted == Interrupt::kNever) --event;
    if (wanted == Interrupt::kAll && in_flight_ != 0) {
      event = static_cast<uint16_t>(used_ + in_flight_ - 1);
    }
    Store(Word(layout_.used_event), event);
  }
  // The device looks at this after it has used a chain; we look for one after
  // this.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace ebbrt::platform::virtio
