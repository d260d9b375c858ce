// A stretch of wire between two NICs: what the one receives the other sends.
//
//   network --- NIC | Relay | NIC --- network
//
// It neither answers nor changes a frame, so that the two networks are one.
// With NICs that do something to what they receive (faulty_nic.h) it is what
// lies between hosts that know nothing of it.
//
// Cores: that of Start. Ownership: owns both NICs, which receive what is for
// others too. Blocks: never. Allocates: as the NICs.
// Bound: the NICs'. Units: frames.
// Errors: those of opening a queue; a frame that the other NIC has no room
// for, or that is too long for it, is lost and counted.
#ifndef EBBRT_CORE_NET_LINK_RELAY_H_
#define EBBRT_CORE_NET_LINK_RELAY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/net/nic.h"

namespace ebbrt {

class Relay {
 public:
  // Of one direction.
  struct Counters {
    uint64_t passed = 0;
    uint64_t dropped = 0;
  };

  // REQUIRES: NICs of one queue each, none of which is open.
  static absl::StatusOr<std::unique_ptr<Relay>> Start(std::unique_ptr<Nic> a,
                                                      std::unique_ptr<Nic> b);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Of what the first NIC receives, and of what the second does.
  const Counters& from_a() const;
  const Counters& from_b() const;

 private:
  class Side;

  Relay(std::unique_ptr<Nic> a, std::unique_ptr<Nic> b);

  const std::unique_ptr<Side> a_;
  const std::unique_ptr<Side> b_;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_LINK_RELAY_H_
