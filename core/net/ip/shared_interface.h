// What the cores' parts of an interface share: the device, who has which port,
// and the one rule that says on which core a flow lives.
//
// A flow's home is the core to whose queue the device steers it, where the
// device says (Nic::QueueOf) and has a queue for every core; else the core
// that a keyed hash of addresses and ports picks. So any core can tell, from
// the packet alone, and passes on what it does not know; a connection that is
// opened takes a port for which its core is the home. Where the home does not
// listen to what other cores do, it gives a connection to one of these, and
// keeps account of that (away_flows.h). A core that has a flow takes its
// segments wherever its home is: a device that learns where a flow is sent
// from, as TAP does, then saves the way.
//
// A datagram goes to its socket on the core where it arrives, else to one on
// another core.
//
// Cores: any. Ownership: shared by the parts; owns the device.
// Blocks: PortTable's locks. Bound: kPassedMax packets under way to a core.
#ifndef EBBRT_CORE_NET_IP_SHARED_INTERFACE_H_
#define EBBRT_CORE_NET_IP_SHARED_INTERFACE_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/types.h"
#include "core/net/ip/flow.h"
#include "core/net/nic.h"
#include "core/net/port_table.h"

namespace ebbrt::ip {

class SharedInterface {
 public:
  static constexpr uint32_t kPassedMax = 4096;

  // `secret` is entropy; a test gives its seed.
  SharedInterface(std::unique_ptr<Nic> nic, uint32_t core_count,
                  uint64_t secret)
      : core_count_(core_count),
        secret_(secret),
        nic_(std::move(nic)),
        passed_(core_count) {}

  Nic& nic() { return *nic_; }
  uint32_t core_count() const { return core_count_; }
  uint64_t secret() const { return secret_; }

  // Cores from 0 up have a queue each; the others send through one of these.
  uint32_t queue_count() const {
    return std::min(core_count_, nic_->facts().queue_count);
  }
  CoreId SenderFor(CoreId core) const {
    return CoreId(core.index() % queue_count());
  }

  // The home of a flow.
  CoreId HomeOf(const Flow& flow) const {
    if (core_count_ == 1) return CoreId(0);
    if (queue_count() == core_count_) {
      const uint32_t queue =
          nic_->QueueOf(flow.remote.value(), flow.local.value(),
                        flow.remote_port, flow.local_port);
      if (queue < core_count_) return CoreId(queue);
    }
    return CoreId(HashOf(flow, secret_) % core_count_);
  }

  // Counts one more packet as under way to `core`; false: it is dropped.
  bool CountPassed(CoreId core) {
    // Relaxed: a count, which nothing else is ordered by.
    std::atomic<uint32_t>& count = passed_[core.index()].count;
    if (count.load(std::memory_order_relaxed) >= kPassedMax) return false;
    count.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  void CountArrived(CoreId core, size_t packets) {
    passed_[core.index()].count.fetch_sub(static_cast<uint32_t>(packets),
                                          std::memory_order_relaxed);
  }

  PortTable udp_ports;
  PortTable tcp_ports;

 private:
  struct alignas(kNoSharingBytes) PassedCount {
    std::atomic<uint32_t> count{0};
  };

  const uint32_t core_count_;
  const uint64_t secret_;
  const std::unique_ptr<Nic> nic_;
  std::vector<PassedCount> passed_;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_SHARED_INTERFACE_H_
