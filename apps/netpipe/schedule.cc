#include "apps/netpipe/schedule.h"

namespace ebbrt::netpipe {

std::vector<Step> MakeSchedule(uint32_t first, uint32_t last,
                               uint32_t perturbation) {
  std::vector<Step> steps;
  // 64 bits: the last length may lie beyond 32 bits.
  uint64_t gap = first > 1 ? first / 2 : 1;
  // Of a schedule that begins at 1, the first gap is used once more often.
  int uses = first > 1 ? 1 : 0;
  for (uint64_t length = first; length <= last && steps.size() < kSizesMax;
       length += gap, ++uses) {
    if (uses > 2 && uses % 2 == 1) gap *= 2;
    const auto bytes = static_cast<uint32_t>(length);
    // Neighbours of short lengths would be lengths themselves.
    if (perturbation > 0 && gap > perturbation + uint64_t{1}) {
      steps.push_back({bytes - perturbation, true});
      steps.push_back({bytes, false});
      steps.push_back({bytes + perturbation, false});
    } else {
      steps.push_back({bytes, true});
    }
  }
  return steps;
}

}  // namespace ebbrt::netpipe
