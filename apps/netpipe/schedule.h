// The sizes of the messages of a measurement, in their order: lengths that
// double every second time, and for each its neighbours.
//
//   from 1, by 3:  1 2 3 4 6 8 12 13 16 19 21 24 27 29 32 35 45 48 51 ...
//
// Cores: any. Ownership: the caller's. Blocks: no. Allocates: the list.
// Bound: kSizesMax, and the neighbours of one length more.
// Source: observed of NPtcp 3.7; options -l, -u and -p.
#ifndef EBBRT_APPS_NETPIPE_SCHEDULE_H_
#define EBBRT_APPS_NETPIPE_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ebbrt::netpipe {

struct Step {
  uint32_t bytes;
  // Whether it is the first of its length: before it either end may quit.
  bool begins_length;

  friend bool operator==(const Step&, const Step&) = default;
};

inline constexpr size_t kSizesMax = 7997;

// REQUIRES: 1 <= first <= last; all fit into 31 bits.
std::vector<Step> MakeSchedule(uint32_t first, uint32_t last,
                               uint32_t perturbation);

}  // namespace ebbrt::netpipe

#endif  // EBBRT_APPS_NETPIPE_SCHEDULE_H_
