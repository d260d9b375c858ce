// When a peer that has been silent is asked whether it is still there.
//
// Cores: a value. Units: Duration. Errors: none.
// Source: RFC 9293 section 3.8.4, RFC 1122 section 4.2.3.6: off unless the
// application asks for it, and then after no less than two hours by default.
#ifndef EBBRT_CORE_NET_KEEP_ALIVE_H_
#define EBBRT_CORE_NET_KEEP_ALIVE_H_

#include <chrono>
#include <cstdint>

#include "core/base/types.h"

namespace ebbrt {

struct KeepAlive {
  // After so long without a segment of the peer,
  Duration idle = std::chrono::hours(2);
  // it is asked so often,
  uint32_t probes = 9;
  // so far apart; then the connection is given up. No single probe decides:
  // any may be lost, as may its answer.
  Duration interval = std::chrono::seconds(75);

  friend bool operator==(const KeepAlive&, const KeepAlive&) = default;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_KEEP_ALIVE_H_
