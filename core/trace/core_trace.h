// CoreTrace: where the time of one core goes, by event tag, and what it did
// last.
//
// The account has no gaps: one reading of the counter at the end of each thing
// that the core does charges the time since the reading before it, so the
// costs of all tags together are the time that has passed. An event's cost
// therefore holds what it took the loop to come to it.
//
//   ...| event A |     event B     | looking for work |  waiting  | event C |
//              ^read             ^read              ^read       ^read
//
// An event that blocks is charged for its pieces, and counted at its end.
//
// Cores: what is not const is called by the core's own loop; what is const by
// any core, at any time, and finds figures that are a moment old, each by
// itself. Blocks, allocates: never. Bound: kTagsMax tags, what comes after
// them is one; kRecordsMax records, the newest. Units: cycles of
// Platform::Cycles; bytes.
#ifndef EBBRT_CORE_TRACE_CORE_TRACE_H_
#define EBBRT_CORE_TRACE_CORE_TRACE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/trace/event_tag.h"
#include "core/trace/single_writer.h"

namespace ebbrt {

// What was done under one tag.
struct TagCost {
  EventTag tag = 0;
  uint64_t count = 0;       // Of what has ended.
  uint64_t cycles = 0;      // Of all, also of what has not ended yet.
  uint64_t cycles_max = 0;  // Of one.
  uint64_t bytes = 0;       // As far as events said (TraceBytes).
  // Over what said its bytes: how many, and the sums that a line through cost
  // against size takes.
  uint64_t sized_count = 0;
  double sized_cycles = 0;
  double bytes_squared = 0;
  double bytes_times_cycles = 0;

  void Add(const TagCost& other);
};

// The line through cost against size, by least squares; both zero where
// nothing said its bytes, and the slope where all had the same.
struct CostLine {
  double cycles_fixed = 0;
  double cycles_per_byte = 0;
};
CostLine CostLineOf(const TagCost& cost);

enum class TraceKind : uint32_t {
  kEvent,    // Ran to its end.
  kPiece,    // Ran until it blocked.
  kWait,     // The core had nothing to do.
  kInstant,  // A word of the application (TraceInstant).
};

struct TraceRecord {
  uint64_t cycles_begin = 0;
  uint64_t cycles_end = 0;
  uint64_t argument = 0;  // An event's bytes, an instant's word.
  EventTag tag = 0;
  TraceKind kind = TraceKind::kEvent;
};

class CoreTrace {
 public:
  static constexpr size_t kTagsMax = 256;
  static constexpr size_t kRecordsMax = 4096;
  static_assert((kTagsMax & (kTagsMax - 1)) == 0);
  static_assert((kRecordsMax & (kRecordsMax - 1)) == 0);

  // What an event that blocks takes with it.
  struct Piece {
    uint64_t cycles = 0;
    uint64_t bytes = 0;
  };

  // Opens the account; what ran before is nobody's.
  void Start() {
    mark_ = Now();
    current_ = {};
  }

  // What ran since the last call of this kind is an event that ended, a piece
  // of one that blocks, or not an event.
  void Finish(EventTag tag);
  Piece Suspend(EventTag tag);
  void Idle(EventTag tag);

  // The pieces of what runs from here on, where it has been suspended.
  void Resume(const Piece& piece) { current_ = piece; }

  // What runs at present handles that many bytes (more).
  void AddBytes(uint64_t bytes) { current_.bytes += bytes; }
  void Instant(EventTag tag, uint64_t argument);

  std::vector<TagCost> Costs() const;
  // The newest records, at most `count`, oldest first.
  std::vector<TraceRecord> Records(size_t count = kRecordsMax) const;
  // The same into `to`; returns how many. Allocates nothing.
  size_t CopyRecords(std::span<TraceRecord> to) const;

 private:
  // A tag's figures, as TagCost.
  struct Slot {
    SingleWriter<EventTag> tag;
    // Zero: the slot is free. Stored last, with release, so that a reader who
    // finds it used finds the tag.
    std::atomic<bool> used{false};
    SingleWriter<uint64_t> count;
    SingleWriter<uint64_t> cycles;
    SingleWriter<uint64_t> cycles_max;
    SingleWriter<uint64_t> bytes;
    SingleWriter<uint64_t> sized_count;
    SingleWriter<double> sized_cycles;
    SingleWriter<double> bytes_squared;
    SingleWriter<double> bytes_times_cycles;
  };
  // A record that may be overwritten while it is read; see CopyRecords.
  struct RecordSlot {
    std::atomic<uint64_t> cycles_begin;
    std::atomic<uint64_t> cycles_end;
    std::atomic<uint64_t> argument;
    std::atomic<uint64_t> tag_and_kind;
  };

  static uint64_t Now();
  // The cycles since the last reading, which becomes this one.
  uint64_t Elapsed();
  Slot& SlotOf(EventTag tag);
  void Record(const TraceRecord& record);
  static TagCost Read(const Slot& slot);

  uint64_t mark_ = 0;  // The last reading.
  Piece current_;      // Of what runs.
  std::array<Slot, kTagsMax> slots_;
  Slot other_;  // For tags that found no slot.
  // Records begun and ended; the record n stands at n modulo kRecordsMax.
  std::atomic<uint64_t> records_begun_{0};
  std::atomic<uint64_t> records_ended_{0};
  std::array<RecordSlot, kRecordsMax> records_{};
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_TRACE_CORE_TRACE_H_
