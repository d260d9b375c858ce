// A link of the simulated network: one direction of a cable, with the queue
// before it.
//
// Cores: the host thread that simulates. Ownership: of the topology.
// Units: nanoseconds, bytes.
#ifndef EBBRT_PLATFORM_SIM_NETWORK_LINK_H_
#define EBBRT_PLATFORM_SIM_NETWORK_LINK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/types.h"

namespace ebbrt::platform {

// What may happen to what passes: probabilities, but for the last.
struct LinkFaults {
  double loss = 0;
  double duplicate = 0;
  double corrupt = 0;  // Or loss, of what cannot tell (Parcel::Corrupt).
  // Of coming `reorder_delay` later than the link takes, past others.
  double reorder = 0;
  Duration reorder_delay = std::chrono::microseconds(50);

  bool any() const {
    return loss > 0 || duplicate > 0 || corrupt > 0 || reorder > 0;
  }
};

struct LinkOptions {
  double rate_bps = 10e9;
  Duration delay = std::chrono::microseconds(1);
  // A datagram that finds more than this before it is dropped; a stream is held
  // back by its window instead.
  size_t buffer_bytes = 1 * kMiB;
  // A frame that finds more than this before it is marked (RFC 3168). 0: none
  // is.
  size_t mark_bytes = 0;
  LinkFaults faults;
};

// All that passes touches its first cache line, and nothing else of it unless
// it has faults.
struct alignas(kCacheLineBytes) Link {
  Link(std::string name_in, const LinkOptions& options)
      : ns_per_byte(8e9 / options.rate_bps),
        delay(options.delay),
        buffer_bytes(options.buffer_bytes),
        mark_bytes(options.mark_bytes),
        name(std::move(name_in)) {
    SetFaults(options.faults);
  }

  void SetFaults(const LinkFaults& faults) {
    faults_ = faults;
    has_faults_ = faults.any();
  }
  const LinkFaults& faults() const { return faults_; }
  bool has_faults() const { return has_faults_; }

  // How long the link takes to send that much.
  Duration TimeOf(uint64_t bytes) const {
    return Duration(static_cast<int64_t>(
        static_cast<double>(bytes) * ns_per_byte + 0.5));
  }
  // What stands before something that comes now.
  size_t QueuedBytes(Time now) const {
    if (busy_until <= now) return 0;
    return static_cast<size_t>(
        static_cast<double>((busy_until - now).count()) / ns_per_byte);
  }
  // Queues `bytes` that come now; returns when the last of them has left, to
  // arrive `delay` later.
  Time Queue(uint64_t bytes, Time now) {
    busy_until = std::max(busy_until, now) + TimeOf(bytes);
    bytes_passed += bytes;
    return busy_until;
  }

  const double ns_per_byte;
  const Duration delay;
  const size_t buffer_bytes;
  const size_t mark_bytes;
  Time busy_until{};
  uint64_t bytes_passed = 0;
  bool up = true;

 private:
  bool has_faults_ = false;
  LinkFaults faults_;

 public:
  uint64_t lost = 0;
  const std::string name;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_NETWORK_LINK_H_
