// AdaptivePoll: lets a device interrupt while it is quiet, and polls it while
// it is busy.
//
// An interrupt masks the device and starts an idle handler, which polls it
// whenever the core has nothing else to do. After kEmptyPollsMax polls in
// vain, one after the other, the device may interrupt again; and since what
// arrived before that was allowed raises no interrupt, it is polled once more.
//
// Cores: the one that serves the device. Ownership: the device outlives it.
// Blocks, allocates: never. Bound: kEmptyPollsMax; how much one poll takes is
// the device's to bound.
// Source: paper section 3.3 (the adaptive polling of its network driver).
#ifndef EBBRT_CORE_EVENT_ADAPTIVE_POLL_H_
#define EBBRT_CORE_EVENT_ADAPTIVE_POLL_H_

#include <cstdint>

#include "core/event/event_loop.h"
#include "core/trace/event_tag.h"

namespace ebbrt {

// What is polled; a driver derives from it.
class PolledDevice {
 public:
  // Serves what there is, up to a bound of its own; whether there was any.
  virtual bool Poll() = 0;
  // Has the device raise no more interrupts; and again one for whatever
  // arrives from now on.
  virtual void MaskInterrupt() = 0;
  virtual void UnmaskInterrupt() = 0;

 protected:
  ~PolledDevice() = default;
};

class AdaptivePoll {
 public:
  static constexpr uint32_t kEmptyPollsMax = 64;

  explicit AdaptivePoll(PolledDevice& device, EventTag tag = kNoTag)
      : device_(device), handler_([this] { return Poll(); }, tag) {}

  // To be called by the device's interrupt handler.
  void OnInterrupt() {
    if (polling_) return;
    polling_ = true;
    empty_polls_ = 0;
    device_.MaskInterrupt();
    device_.Poll();
    handler_.Start();
  }

  bool polling() const { return polling_; }

 private:
  bool Poll() {
    if (device_.Poll()) {
      empty_polls_ = 0;
      return true;
    }
    if (++empty_polls_ < kEmptyPollsMax) return false;
    empty_polls_ = 0;
    device_.UnmaskInterrupt();
    if (device_.Poll()) {
      device_.MaskInterrupt();
      return true;
    }
    polling_ = false;
    handler_.Stop();
    return false;
  }

  PolledDevice& device_;
  IdleHandler handler_;
  bool polling_ = false;
  uint32_t empty_polls_ = 0;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_EVENT_ADAPTIVE_POLL_H_
