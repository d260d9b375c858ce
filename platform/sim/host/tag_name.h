// What an event tag is called: its name, or its number if it has none.
//
// Cores: any. Allocates: the text.
#ifndef EBBRT_PLATFORM_SIM_HOST_TAG_NAME_H_
#define EBBRT_PLATFORM_SIM_HOST_TAG_NAME_H_

#include <string>
#include <string_view>

#include "core/trace/event_tag.h"

namespace ebbrt::platform {

inline std::string TagName(EventTag tag) {
  std::string_view name = EventTagName(tag);
  return name.empty() ? "tag " + std::to_string(tag) : std::string(name);
}

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_TAG_NAME_H_
