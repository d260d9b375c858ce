// Event tags: what an event is accounted under.
//
//   // In a .cc file, at namespace scope:
//   EBBRT_EVENT_TAG(kGetTag, "memcached.get");
//   ...
//   Spawn([...] { ... }, kGetTag);
//
// A tag is a hash of its name, so it is a constant, needs no registry, and is
// the same in every build and on every platform: what one of them measured
// under a name, another one finds. The names stand in a section of the image,
// which the linker collects from all that is linked in.
//
// Cores: any, also none. Blocks, allocates: never.
// Errors: two names of one hash are found by DuplicateEventTag, in a test.
#ifndef EBBRT_CORE_TRACE_EVENT_TAG_H_
#define EBBRT_CORE_TRACE_EVENT_TAG_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace ebbrt {

// Zero: nothing in particular.
using EventTag = uint32_t;

// The tag of a name; never zero. (FNV-1a.)
constexpr EventTag EventTagOf(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  }
  return hash == 0 ? 1 : hash;
}

namespace internal {

// An entry of the section.
struct EventTagEntry {
  EventTag tag;
  const char* name;
};

// All of them. A name may be there more than once; what the linker leaves
// between two files' entries to align them has none.
std::span<const EventTagEntry> EventTagEntries();

}  // namespace internal

// What core's own loop does, and what has no tag of its own.
inline constexpr EventTag kNoTag = 0;
inline constexpr EventTag kTimerTag = EventTagOf("core.timer");
inline constexpr EventTag kInterruptTag = EventTagOf("core.interrupt");
inline constexpr EventTag kRcuTag = EventTagOf("core.rcu");
// Found nothing to do: by looking at the queues, by polling, and for long.
inline constexpr EventTag kLookTag = EventTagOf("core.look");
inline constexpr EventTag kEmptyPollTag = EventTagOf("core.empty_poll");
inline constexpr EventTag kWaitTag = EventTagOf("core.wait");
// Those beyond CoreTrace::kTagsMax.
inline constexpr EventTag kOtherTagsTag = EventTagOf("core.other_tags");

// The name of a tag; "" if nothing that is linked in has named it.
std::string_view EventTagName(EventTag tag);

// A tag that two names share; zero if, as it should be, there is none.
EventTag DuplicateEventTag();

}  // namespace ebbrt

// Names a tag.
#define EBBRT_EVENT_TAG(constant, name)                                \
  constexpr ::ebbrt::EventTag constant = ::ebbrt::EventTagOf(name);    \
  [[gnu::section("ebbrt_event_tags"), gnu::used]] static constexpr     \
      ::ebbrt::internal::EventTagEntry constant##Entry = {constant, name}

#endif  // EBBRT_CORE_TRACE_EVENT_TAG_H_
