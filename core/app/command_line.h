// The command line that every application understands.
//
//   memcached --cores=2 --parameters='{"port": 11211}' --role=server
//
// Cores: called before there are any. Blocks: reading the parameters file.
// Allocates: yes. Bound: kFileBytesMax.
// Errors: kInvalidArgument, which ends the program with exit code 2; the
// message names the option, what was found and what was expected.
#ifndef EBBRT_CORE_APP_COMMAND_LINE_H_
#define EBBRT_CORE_APP_COMMAND_LINE_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "platform/contract.h"

namespace ebbrt {

// How to run an application.
struct ApplicationOptions {
  // No parameters file is longer.
  static constexpr size_t kFileBytesMax = 16 * kMiB;

  platform::NodeOptions node;
  // An object.
  nlohmann::json parameters = nlohmann::json::object();
  std::string role;
  // The network implementation; "" is the first that the platform has.
  std::string network;
  // Its options: what the parameters have under "network". An object.
  nlohmann::json network_options = nlohmann::json::object();
  // Account for the time of events, and report it at the end.
  bool trace = false;
  // Where the time line goes that a trace viewer reads; "": nowhere.
  std::string trace_file;
  // Only the options are to be shown.
  bool help = false;
};

// Reads the arguments that follow the program's name.
absl::StatusOr<ApplicationOptions> ParseCommandLine(
    std::span<const char* const> arguments);

// What the options mean, for people.
std::string CommandLineHelp(std::string_view application);

}  // namespace ebbrt

#endif  // EBBRT_CORE_APP_COMMAND_LINE_H_
