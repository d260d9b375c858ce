// A queued event: a function that runs once, to completion, on one core.
//
// One cache line, so that queueing and taking it touch no other.
//
// Cores: made on any core, run on the one it is queued to. Ownership: of the
// queue that holds it. Source: paper section 3.3.
#ifndef EBBRT_CORE_EVENT_EVENT_H_
#define EBBRT_CORE_EVENT_EVENT_H_

#include <utility>

#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/base/unique_function.h"
#include "core/trace/event_tag.h"

namespace ebbrt {

using EventFunction = UniqueFunction<void()>;

struct Event : QueueLink<Event> {
  Event(EventFunction&& function_in, EventTag tag_in)
      : function(std::move(function_in)), tag(tag_in) {}

  EventFunction function;
  EventTag tag;  // What it is accounted under.
  // Of RCU, which owes it: where the node ends first, it runs then.
  bool deferred = false;
};
static_assert(sizeof(Event) <= kCacheLineBytes);

}  // namespace ebbrt

#endif  // EBBRT_CORE_EVENT_EVENT_H_
