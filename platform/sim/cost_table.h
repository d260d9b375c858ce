// What events cost, by tag: a calibration.
//
// The file is JSON: {"schema": 1, "platform": "linux", "machine": TEXT,
// "tags": {"memcached.get": {"fixed_ns": 310, "per_byte_ns": 0.12}, ...}}
// (platform/sim/host reads it). What is accounted under a tag costs its fixed
// time and its time for each byte that it said it handles. A tag that the
// table does not have is an error, found when it first occurs: nothing that
// runs is free by oversight.
//
// Cores: the host thread that simulates. Blocks, allocates: Add only.
// Bound: kTagsMax. Units: nanoseconds. Errors: as said of each.
#ifndef EBBRT_PLATFORM_SIM_COST_TABLE_H_
#define EBBRT_PLATFORM_SIM_COST_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/types.h"

namespace ebbrt::platform {

struct EventCost {
  int64_t fixed_ns = 0;
  double per_byte_ns = 0;

  Duration Of(uint64_t bytes) const {
    return Duration(fixed_ns + static_cast<int64_t>(
                                   per_byte_ns * static_cast<double>(bytes)));
  }
};

class CostTable {
 public:
  static constexpr size_t kTagsMax = 1024;
  // No event takes longer.
  static constexpr double kNanosecondsMax = 1e12;

  // `path` is how messages name the table.
  explicit CostTable(std::string path) : path_(std::move(path)) {}

  // False: the table is full, or has the tag.
  bool Add(uint32_t tag, const EventCost& cost);

  // Null where there is none.
  const EventCost* Find(uint32_t tag) const {
    for (size_t place = tag % kPlaces;; place = (place + 1) % kPlaces) {
      const Place& found = places_[place];
      if (!found.used) return nullptr;
      if (found.tag == tag) return &found.cost;
    }
  }
  const std::string& path() const { return path_; }

 private:
  // Half of them stay free, so that every search ends.
  static constexpr size_t kPlaces = 2 * kTagsMax;
  struct Place {
    uint32_t tag = 0;
    bool used = false;
    EventCost cost;
  };

  const std::string path_;
  size_t count_ = 0;
  std::array<Place, kPlaces> places_{};
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_COST_TABLE_H_
