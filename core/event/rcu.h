// Read-copy-update from event boundaries: reading costs nothing.
//
// Whatever an event reaches through an atomic pointer stays valid until that
// event ends or blocks; there is nothing to enter and nothing to leave. A
// writer unlinks an object and passes it to RcuRetire, which destroys it once
// every core has come to an event boundary since. (Keep what must survive a
// block by other means, a reference count for example.)
//
// Cores: any core, from an event. The deferred function runs as an event on
// the core that deferred it. Ownership: of the object passes to RCU.
// Blocks: no. Allocates: one small record a call.
// Bound: a round of reading each core's state once per batch, on the core that
// has something to free; a node with nothing to free pays one load an event,
// and a waiting core is never woken for it.
// Errors: what is still deferred when the node ends runs then.
// Source: paper section 4.6; McKenney, Slingwine, "Read-copy update", 1998.
#ifndef EBBRT_CORE_EVENT_RCU_H_
#define EBBRT_CORE_EVENT_RCU_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/event/event.h"
#include "platform/current.h"

namespace ebbrt {

// Runs `function` after every core has passed an event boundary.
void RcuDefer(EventFunction function);

// Deletes `object` then.
template <typename T>
void RcuRetire(T* object) {
  RcuDefer([object] { delete object; });
}

namespace internal {

// A core that waits for another one's boundary.
struct RcuWaiter : QueueLink<RcuWaiter> {
  CoreId core;
  // Whether it stands in some core's stack, which clears this on taking it.
  std::atomic<bool> registered{false};
};

// What a core shows to the others.
struct alignas(kNoSharingBytes) RcuView {
  // The core waits, and so is at a boundary until further notice.
  static constexpr uint64_t kIdle = ~uint64_t{0};

  // The newest epoch at or after whose start this core has been at a boundary.
  std::atomic<uint64_t> seen{kIdle};
  // Who asked to be woken when `seen` changes.
  MpscStack<RcuWaiter> waiters;
};

// The node's part. An epoch is begun by each batch; a batch of epoch e may run
// once every core's view has seen >= e.
struct RcuNode {
  explicit RcuNode(uint32_t core_count) : views(core_count) {}

  alignas(kNoSharingBytes) std::atomic<uint64_t> epoch{1};
  std::vector<RcuView> views;
};

// A core's part; the event loop calls it.
class RcuCore {
 public:
  // In virtual time cores take turns, which change where one waits, and so
  // whoever looks finds all others idle. There a core shows the boundaries that
  // it comes to only while it has something deferred itself.
  static constexpr bool kOthersAreIdle =
      platform::Has(Platform::kFeatures, platform::Feature::kVirtualTime);

  RcuCore(RcuNode& node, CoreId core)
      : node_(node), mine_(node.views[core.index()]) {
    waiter_.core = core;
  }

  // Defers an event.
  void Defer(Event* event);

  // Between two events: shows that this core has reached a boundary.
  void Boundary() {
    if (kOthersAreIdle && !pending()) return;
    // Acquire: pairs with the increment in BeginBatch, so that what follows
    // this boundary sees what was unlinked before that epoch.
    uint64_t epoch = node_.epoch.load(std::memory_order_acquire);
    if (epoch != seen_) [[unlikely]] Publish(epoch);
  }

  // Whether Advance has anything to look after.
  bool pending() const { return !current_.empty() || !next_.empty(); }

  // Looks at other cores' views as far as they have come. Returns the events
  // of a finished batch, empty if there is none.
  IntrusiveQueue<Event> Advance();

  // The core is about to wait: until EndIdle it counts as being at a boundary.
  // False: Advance has something to do, so the core should not wait. If true,
  // and a batch is pending, the core that it waits for will wake this one.
  bool BeginIdle();
  void EndIdle();

  // Everything deferred, whether its time has come or not; at the node's end.
  IntrusiveQueue<Event> TakeAll();

 private:
  void Publish(uint64_t seen);
  void BeginBatch();
  bool Reached(const RcuView& view) const {
    // Acquire: what the other core did before its boundary is done.
    return view.seen.load(std::memory_order_acquire) >= epoch_;
  }

  uint64_t seen_ = RcuView::kIdle;  // As in mine_.
  IntrusiveQueue<Event> current_;   // Waits for epoch_.
  IntrusiveQueue<Event> next_;      // Deferred since.
  RcuNode& node_;
  RcuView& mine_;
  uint64_t epoch_ = 0;
  size_t cursor_ = 0;  // The views before it have reached epoch_.
  RcuWaiter waiter_;
};

}  // namespace internal
}  // namespace ebbrt

#endif  // EBBRT_CORE_EVENT_RCU_H_
