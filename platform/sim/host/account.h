// Where the cores' time goes, by role and event tag.
//
// Cores: the host thread that simulates. Allocates: an entry for each tag of a
// role, once. Bound: the tags that there are. Units: virtual nanoseconds.
#ifndef EBBRT_PLATFORM_SIM_HOST_ACCOUNT_H_
#define EBBRT_PLATFORM_SIM_HOST_ACCOUNT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/types.h"
#include "core/trace/event_tag.h"

namespace ebbrt::platform {

// Of the nodes of one role.
class Account {
 public:
  void Add(EventTag tag, Duration time) {
    // There are few tags, and the same ones come again and again.
    for (Entry& entry : entries_) {
      if (entry.tag != tag) continue;
      ++entry.count;
      entry.time += time;
      return;
    }
    entries_.push_back({tag, 1, time});
  }

  // {"busy": the share of `whole`, the time of all cores, that was not spent
  // waiting, "tags": {NAME: {"count": n, "share": of `whole`}}}
  nlohmann::json ToJson(Duration whole) const;

 private:
  struct Entry {
    EventTag tag;
    uint64_t count;
    Duration time;
  };
  std::vector<Entry> entries_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_ACCOUNT_H_
