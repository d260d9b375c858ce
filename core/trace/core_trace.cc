#include "core/trace/core_trace.h"

#include <algorithm>
#include <utility>

#include "platform/current.h"

namespace ebbrt {

void TagCost::Add(const TagCost& other) {
  count += other.count;
  cycles += other.cycles;
  cycles_max = std::max(cycles_max, other.cycles_max);
  bytes += other.bytes;
  sized_count += other.sized_count;
  sized_cycles += other.sized_cycles;
  bytes_squared += other.bytes_squared;
  bytes_times_cycles += other.bytes_times_cycles;
}

CostLine CostLineOf(const TagCost& cost) {
  if (cost.sized_count == 0) return {};
  double n = static_cast<double>(cost.sized_count);
  double bytes = static_cast<double>(cost.bytes);
  // n times the variance of the sizes, and n times the covariance.
  double spread = n * cost.bytes_squared - bytes * bytes;
  double slope = 0;
  // Sizes that are all the same cancel out but for the rounding.
  if (spread > 1e-9 * n * cost.bytes_squared) {
    slope = (n * cost.bytes_times_cycles - bytes * cost.sized_cycles) / spread;
  }
  return {(cost.sized_cycles - slope * bytes) / n, slope};
}

uint64_t CoreTrace::Now() { return Platform::Cycles(); }

uint64_t CoreTrace::Elapsed() {
  uint64_t now = Now();
  return now - std::exchange(mark_, now);
}

CoreTrace::Slot& CoreTrace::SlotOf(EventTag tag) {
  // A tag is a hash already.
  for (size_t probe = 0; probe < kTagsMax; ++probe) {
    Slot& slot = slots_[(tag + probe) % kTagsMax];
    if (!slot.used.load(std::memory_order_relaxed)) {
      slot.tag.Set(tag);
      slot.used.store(true, std::memory_order_release);
      return slot;
    }
    if (slot.tag.value() == tag) return slot;
  }
  other_.tag.Set(kOtherTagsTag);
  return other_;
}

void CoreTrace::Finish(EventTag tag) {
  uint64_t begin = mark_;
  uint64_t piece = Elapsed();
  uint64_t whole = current_.cycles + piece;
  Slot& slot = SlotOf(tag);
  slot.count.Add(1);
  slot.cycles.Add(piece);
  slot.cycles_max.RaiseTo(whole);
  if (uint64_t bytes = current_.bytes; bytes != 0) {
    double size = static_cast<double>(bytes);
    double cost = static_cast<double>(whole);
    slot.bytes.Add(bytes);
    slot.sized_count.Add(1);
    slot.sized_cycles.Add(cost);
    slot.bytes_squared.Add(size * size);
    slot.bytes_times_cycles.Add(size * cost);
  }
  Record({begin, mark_, current_.bytes, tag, TraceKind::kEvent});
  current_ = {};
}

CoreTrace::Piece CoreTrace::Suspend(EventTag tag) {
  uint64_t begin = mark_;
  uint64_t piece = Elapsed();
  SlotOf(tag).cycles.Add(piece);
  Record({begin, mark_, current_.bytes, tag, TraceKind::kPiece});
  current_.cycles += piece;
  return std::exchange(current_, {});
}

void CoreTrace::Idle(EventTag tag) {
  uint64_t begin = mark_;
  uint64_t piece = Elapsed();
  Slot& slot = SlotOf(tag);
  slot.count.Add(1);
  slot.cycles.Add(piece);
  slot.cycles_max.RaiseTo(piece);
  // A core that has nothing to do for long would push all else out of the
  // ring: where the newest record is a wait, it is made longer.
  uint64_t ended = records_ended_.load(std::memory_order_relaxed);
  if (ended != 0) {
    RecordSlot& last = records_[(ended - 1) % kRecordsMax];
    if (last.tag_and_kind.load(std::memory_order_relaxed) >> 32 ==
        static_cast<uint64_t>(TraceKind::kWait)) {
      last.cycles_end.store(mark_, std::memory_order_release);
      return;
    }
  }
  Record({begin, mark_, 0, kWaitTag, TraceKind::kWait});
}

void CoreTrace::Instant(EventTag tag, uint64_t argument) {
  uint64_t now = Now();
  Record({now, now, argument, tag, TraceKind::kInstant});
}

void CoreTrace::Record(const TraceRecord& record) {
  uint64_t number = records_begun_.load(std::memory_order_relaxed);
  records_begun_.store(number + 1, std::memory_order_relaxed);
  RecordSlot& slot = records_[number % kRecordsMax];
  // Release, each of them: who reads one of these values sees that this record
  // has begun, and so that the one which it replaces is gone.
  slot.cycles_begin.store(record.cycles_begin, std::memory_order_release);
  slot.cycles_end.store(record.cycles_end, std::memory_order_release);
  slot.argument.store(record.argument, std::memory_order_release);
  slot.tag_and_kind.store(
      uint64_t{static_cast<uint32_t>(record.kind)} << 32 | record.tag,
      std::memory_order_release);
  // Release: who sees the count sees the record.
  records_ended_.store(number + 1, std::memory_order_release);
}

size_t CoreTrace::CopyRecords(std::span<TraceRecord> to) const {
  uint64_t end = records_ended_.load(std::memory_order_acquire);
  uint64_t count = std::min({uint64_t{to.size()}, uint64_t{kRecordsMax}, end});
  size_t copied = 0;
  for (uint64_t number = end - count; number != end; ++number) {
    const RecordSlot& slot = records_[number % kRecordsMax];
    TraceRecord record;
    record.cycles_begin = slot.cycles_begin.load(std::memory_order_acquire);
    record.cycles_end = slot.cycles_end.load(std::memory_order_acquire);
    record.argument = slot.argument.load(std::memory_order_acquire);
    uint64_t word = slot.tag_and_kind.load(std::memory_order_acquire);
    record.tag = static_cast<EventTag>(word);
    record.kind = static_cast<TraceKind>(word >> 32);
    // Acquire above: if any of these was of a later record, then so many have
    // begun that this one is known to be gone.
    uint64_t begun = records_begun_.load(std::memory_order_relaxed);
    if (begun <= number + kRecordsMax) {
      to[copied++] = record;
    } else {
      copied = 0;  // What was copied is older still: there shall be no gap.
    }
  }
  return copied;
}

std::vector<TraceRecord> CoreTrace::Records(size_t count) const {
  std::vector<TraceRecord> records(std::min(count, kRecordsMax));
  records.resize(CopyRecords(records));
  return records;
}

TagCost CoreTrace::Read(const Slot& slot) {
  return {slot.tag.value(),
          slot.count.value(),
          slot.cycles.value(),
          slot.cycles_max.value(),
          slot.bytes.value(),
          slot.sized_count.value(),
          slot.sized_cycles.value(),
          slot.bytes_squared.value(),
          slot.bytes_times_cycles.value()};
}

std::vector<TagCost> CoreTrace::Costs() const {
  std::vector<TagCost> costs;
  for (const Slot& slot : slots_) {
    // Acquire: pairs with the release in SlotOf.
    if (slot.used.load(std::memory_order_acquire)) costs.push_back(Read(slot));
  }
  if (other_.count.value() != 0 || other_.cycles.value() != 0) {
    costs.push_back(Read(other_));
  }
  return costs;
}

}  // namespace ebbrt
