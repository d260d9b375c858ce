// What became of an interface and its packets, on one core.
//
// Cores: one writes. Ownership: a value. Units: packets.
#ifndef EBBRT_CORE_NET_IP_COUNTERS_H_
#define EBBRT_CORE_NET_IP_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/net/wire/parsed.h"

namespace ebbrt::ip {

struct Counters {
  uint64_t frames_received = 0;
  uint64_t frames_sent = 0;
  uint64_t packets_passed_on = 0;  // To the core where they belong.
  uint64_t fragments_received = 0;
  uint64_t link_changes = 0;     // Of this core's queue: up, or down.
  uint64_t address_changes = 0;  // Another one than before, or none.

  // Dropped:
  std::array<uint64_t, kMalformedReasons> malformed = {};  // By Malformed.
  uint64_t not_for_us = 0;
  uint64_t no_receiver = 0;   // Nobody listens there.
  uint64_t no_room = 0;       // A queue was full, or memory refused.
  uint64_t unresolved = 0;    // Nobody on the link has the address.
  uint64_t icmp_limited = 0;  // Errors that we did not send.

  uint64_t& Of(Malformed reason) {
    return malformed[static_cast<size_t>(reason)];
  }
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_COUNTERS_H_
