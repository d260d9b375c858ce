// What every queue of a NIC counts; summed by name over cores and NICs
// (core/trace/counter.h).
//
// Cores: the queue's. Ownership: a member of the queue. Units: frames, queues.
#ifndef EBBRT_CORE_NET_NIC_COUNTERS_H_
#define EBBRT_CORE_NET_NIC_COUNTERS_H_

#include "core/trace/counter.h"

namespace ebbrt {

struct NicCounters {
  Counter received{"nic.received_frames"};
  Counter transmitted{"nic.transmitted_frames"};
  // For what the device wrote, or for want of memory.
  Counter dropped{"nic.dropped_frames"};
  // The device has used what it does not have.
  Counter broken{"nic.broken_queues"};
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_NIC_COUNTERS_H_
