// A NIC around another one, which does to the frames that it receives what
// networks do: loses, repeats, corrupts, delays and reorders them, and lets no
// more of them through than its rate; all drawn from a seed.
//
// Cores: as core/net/nic.h. Ownership: owns the NIC inside. Blocks: never.
// Allocates: a record for each frame that is held back.
// Bound: NicFaults::frames_max held back a queue; what is more is lost.
// Units: Duration, bytes a second. Errors: those of the NIC inside.
#ifndef EBBRT_CORE_NET_LINK_FAULTY_NIC_H_
#define EBBRT_CORE_NET_LINK_FAULTY_NIC_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/types.h"
#include "core/net/nic.h"

namespace ebbrt {

struct NicFaults {
  uint64_t seed = 1;
  // Probabilities, of each frame: to be lost, to come twice, to have one bit
  // turned over, to come up to reorder_delay_max later than it would.
  double loss = 0;
  double duplicate = 0;
  double corrupt = 0;
  double reorder = 0;
  Duration reorder_delay_max = std::chrono::milliseconds(5);
  // Of all frames.
  Duration delay{};
  uint64_t bytes_per_second = 0;  // 0: no limit.
  size_t frames_max = 512;
};

std::unique_ptr<Nic> WithFaults(std::unique_ptr<Nic> inside,
                                const NicFaults& faults);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_LINK_FAULTY_NIC_H_
