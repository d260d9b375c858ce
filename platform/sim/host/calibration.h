// Reads a calibration table (experiments/calibration/README.md has the format).
//
// Cores: called before there are any. Allocates: yes. Errors:
// kInvalidArgument; the message names the file and the place in it.
#ifndef EBBRT_PLATFORM_SIM_HOST_CALIBRATION_H_
#define EBBRT_PLATFORM_SIM_HOST_CALIBRATION_H_

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "platform/sim/cost_table.h"

namespace ebbrt::platform {

// `path` is how messages name the table.
absl::StatusOr<std::unique_ptr<CostTable>> ReadCalibration(
    const std::string& path, const nlohmann::json& json);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_CALIBRATION_H_
