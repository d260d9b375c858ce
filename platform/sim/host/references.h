// Fills in `${role.key}` in a node's parameters: what another node has said
// when it was ready.
//
// Text that is one reference and nothing else becomes the value itself.
//
// Cores: between turns. Allocates: yes.
// Errors: kInvalidArgument, with the reference.
#ifndef EBBRT_PLATFORM_SIM_HOST_REFERENCES_H_
#define EBBRT_PLATFORM_SIM_HOST_REFERENCES_H_

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"

namespace ebbrt::platform {

// The value of a reference, of which it gets what stands between the braces.
using ReferenceLookup =
    std::function<absl::StatusOr<nlohmann::json>(std::string_view reference)>;

absl::StatusOr<nlohmann::json> FillReferences(const nlohmann::json& value,
                                              const ReferenceLookup& lookup);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_REFERENCES_H_
