#include "core/trace/event_tag.h"

#include <cstddef>

namespace ebbrt {
namespace {

[[gnu::section("ebbrt_event_tags"), gnu::used]]
constexpr internal::EventTagEntry kCoreTags[] = {
    {kNoTag, "untagged"},
    {kTimerTag, "core.timer"},
    {kInterruptTag, "core.interrupt"},
    {kRcuTag, "core.rcu"},
    {kLookTag, "core.look"},
    {kEmptyPollTag, "core.empty_poll"},
    {kWaitTag, "core.wait"},
    {kOtherTagsTag, "core.other_tags"},
};

}  // namespace

// The linker defines them for a section whose name is an identifier.
extern "C" {
[[gnu::visibility("hidden")]] extern const internal::EventTagEntry
    __start_ebbrt_event_tags[];
[[gnu::visibility("hidden")]] extern const internal::EventTagEntry
    __stop_ebbrt_event_tags[];
}

std::span<const internal::EventTagEntry> internal::EventTagEntries() {
  return {__start_ebbrt_event_tags, __stop_ebbrt_event_tags};
}

std::string_view EventTagName(EventTag tag) {
  for (const internal::EventTagEntry& entry : internal::EventTagEntries()) {
    if (entry.name != nullptr && entry.tag == tag) return entry.name;
  }
  return "";
}

EventTag DuplicateEventTag() {
  for (const internal::EventTagEntry& entry : internal::EventTagEntries()) {
    if (entry.name == nullptr) continue;
    if (EventTagName(entry.tag) != entry.name) return entry.tag;
  }
  return 0;
}

}  // namespace ebbrt
