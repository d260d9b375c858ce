#include "platform/sim/host/references.h"

#include <utility>

namespace ebbrt::platform {
namespace {

using nlohmann::json;

constexpr std::string_view kBegin = "${";

absl::StatusOr<json> FillText(const std::string& text,
                              const ReferenceLookup& lookup) {
  std::string filled;
  for (size_t at = 0;;) {
    size_t begin = text.find(kBegin, at);
    size_t end = begin == text.npos ? text.npos : text.find('}', begin);
    if (end == text.npos) return json(filled + text.substr(at));
    size_t name = begin + kBegin.size();
    absl::StatusOr<json> value =
        lookup(std::string_view(text).substr(name, end - name));
    if (!value.ok()) return value;
    if (begin == 0 && end + 1 == text.size()) return value;
    filled += text.substr(at, begin - at);
    filled += value->is_string() ? value->get<std::string>() : value->dump();
    at = end + 1;
  }
}

}  // namespace

absl::StatusOr<json> FillReferences(const json& value,
                                    const ReferenceLookup& lookup) {
  if (value.is_string()) {
    return FillText(value.get_ref<const std::string&>(), lookup);
  }
  json filled = value;
  if (!value.is_structured()) return filled;
  for (auto& element : filled) {
    absl::StatusOr<json> one = FillReferences(element, lookup);
    if (!one.ok()) return one;
    element = *std::move(one);
  }
  return filled;
}

}  // namespace ebbrt::platform
