#include "platform/sim/host/account.h"

#include <algorithm>

#include "platform/sim/host/tag_name.h"

namespace ebbrt::platform {

using nlohmann::json;

json Account::ToJson(Duration whole) const {
  double all_ns = std::max(static_cast<double>(whole.count()), 1.0);
  Duration busy{};
  json tags = json::object();
  for (const Entry& entry : entries_) {
    busy += entry.time;
    tags[TagName(entry.tag)] = {
        {"count", entry.count},
        {"share", static_cast<double>(entry.time.count()) / all_ns}};
  }
  return {{"busy", static_cast<double>(busy.count()) / all_ns},
          {"tags", std::move(tags)}};
}

}  // namespace ebbrt::platform
