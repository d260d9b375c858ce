// A calibration: what events cost, by application, and what it takes to wake a
// core (experiments/calibration/README.md has the file's format).
//
// Cores: called before there are any. Ownership: of its tables. Allocates: yes.
// Errors: kInvalidArgument; the message names the file and the place in it.
#ifndef EBBRT_PLATFORM_SIM_HOST_CALIBRATION_H_
#define EBBRT_PLATFORM_SIM_HOST_CALIBRATION_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "platform/sim/cost_table.h"

namespace ebbrt::platform {

class Calibration {
 public:
  // `path` is how messages name the file.
  static absl::StatusOr<Calibration> Read(const std::string& path,
                                          const nlohmann::json& json);

  // What events of an application cost: what the file has for it, and for all.
  const CostTable& CostsOf(std::string_view application) const;
  // From a wake-up until a core that slept runs.
  Duration wake() const { return wake_; }
  // As FlowOptions::reads_at_once: it was measured over kernel sockets.
  bool reads_at_once() const { return reads_at_once_; }

 private:
  // "" has those of all.
  std::map<std::string, std::unique_ptr<CostTable>, std::less<>> tables_;
  Duration wake_{};
  bool reads_at_once_ = false;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_CALIBRATION_H_
