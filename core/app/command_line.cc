#include "core/app/command_line.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "core/app/parameters.h"

namespace ebbrt {
namespace {

using nlohmann::json;

constexpr uint32_t kCoresMax = 1024;

// One option: how it is written, what it means, what it does.
struct Option {
  std::string_view name;
  // What stands behind the "="; "" where nothing does.
  std::string_view argument;
  std::string_view meaning;
  absl::Status (*apply)(ApplicationOptions& options, std::string_view value);
};

absl::Status Wrong(std::string_view option, std::string_view found,
                   std::string_view expected) {
  constexpr size_t kQuotedBytesMax = 64;
  std::string quoted(found.substr(0, kQuotedBytesMax));
  return absl::InvalidArgumentError(
      std::string(option) + ": found \"" + absl::Utf8SafeCHexEscape(quoted) +
      (quoted.size() < found.size() ? "...\"" : "\"") + ", expected " +
      std::string(expected));
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number;
  const char* end = text.data() + text.size();
  auto [parsed_to, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed_to != end) return std::nullopt;
  return number;
}

absl::Status SetCores(ApplicationOptions& options, std::string_view value) {
  std::optional<uint64_t> count = ParseNumber(value);
  if (!count.has_value() || *count > kCoresMax) {
    return Wrong("--cores", value,
                 "a number of cores from 1 to " + std::to_string(kCoresMax) +
                     ", or 0 for all that the machine has");
  }
  options.node.core_count = static_cast<uint32_t>(*count);
  return absl::OkStatus();
}

// Lays `text` over the parameters that are there: a later option wins.
absl::Status AddParameters(ApplicationOptions& options, std::string_view place,
                           std::string_view text) {
  try {
    json parameters = json::parse(text);
    if (!parameters.is_object()) return Wrong(place, text, "a JSON object");
    options.parameters.update(parameters, /*merge_objects=*/true);
    return absl::OkStatus();
  } catch (const json::exception& error) {  // Not only of what is no JSON.
    // The library's text begins with its own name for the error, in brackets.
    std::string_view what = error.what();
    size_t begin = what.find("] ");
    if (begin != std::string_view::npos) what.remove_prefix(begin + 2);
    return Wrong(place, text, "a JSON object (" + std::string(what) + ")");
  }
}

absl::Status SetParameters(ApplicationOptions& options,
                           std::string_view value) {
  return AddParameters(options, "--parameters", value);
}

// All of a file, unless it cannot be read or is too long. (Not by a stream:
// those would make up half of a bootable image.)
std::optional<std::string> ReadFile(const std::string& name) {
  auto close = [](std::FILE* file) { std::fclose(file); };
  std::unique_ptr<std::FILE, decltype(close)> file(
      std::fopen(name.c_str(), "rb"));
  if (file == nullptr) return std::nullopt;
  std::string text;
  std::vector<char> buffer(64 * kKiB);
  while (size_t bytes =
             std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), bytes);
    if (text.size() > ApplicationOptions::kFileBytesMax) return std::nullopt;
  }
  if (std::ferror(file.get()) != 0) return std::nullopt;
  return text;
}

absl::Status SetParametersFile(ApplicationOptions& options,
                               std::string_view value) {
  std::optional<std::string> text = ReadFile(std::string(value));
  if (!text.has_value()) {
    return Wrong("--parameters-file", value,
                 "the name of a readable file of at most 16 MiB");
  }
  return AddParameters(options, "--parameters-file=" + std::string(value),
                       *text);
}

absl::Status SetRole(ApplicationOptions& options, std::string_view value) {
  options.role = value;
  return absl::OkStatus();
}

absl::Status SetSeed(ApplicationOptions& options, std::string_view value) {
  std::optional<uint64_t> seed = ParseNumber(value);
  if (!seed.has_value()) return Wrong("--seed", value, "a number of 64 bits");
  options.node.seed = *seed;
  return absl::OkStatus();
}

absl::Status SetNetwork(ApplicationOptions& options, std::string_view value) {
  options.network = value;
  return absl::OkStatus();
}

absl::Status SetBusyPoll(ApplicationOptions& options, std::string_view) {
  options.node.busy_poll = true;
  return absl::OkStatus();
}

absl::Status SetTrace(ApplicationOptions& options, std::string_view) {
  options.trace = true;
  return absl::OkStatus();
}

absl::Status SetTraceFile(ApplicationOptions& options,
                          std::string_view value) {
  if (value.empty()) return Wrong("--trace-file", value, "the name of a file");
  options.trace = true;
  options.trace_file = value;
  return absl::OkStatus();
}

absl::Status SetHelp(ApplicationOptions& options, std::string_view) {
  options.help = true;
  return absl::OkStatus();
}

constexpr Option kOptions[] = {
    {"--cores", "N", "run on N cores (1); 0: on all that there are", SetCores},
    {"--parameters", "JSON", "the application's parameters, an object",
     SetParameters},
    {"--parameters-file", "FILE",
     "the same from a file; where both are given, the later one wins",
     SetParametersFile},
    {"--role", "NAME", "the role of this node in its experiment", SetRole},
    {"--seed", "N", "where this node's randomness starts from (1)", SetSeed},
    {"--network", "NAME", "the network implementation to use", SetNetwork},
    {"--busy-poll", "", "spin for work instead of sleeping", SetBusyPoll},
    {"--trace", "", "report at the end what each kind of event cost",
     SetTrace},
    {"--trace-file", "FILE",
     "the same, and write what happened last for ui.perfetto.dev",
     SetTraceFile},
    {"--help", "", "show this", SetHelp},
};

std::string Written(const Option& option) {
  std::string text(option.name);
  if (!option.argument.empty()) text += "=" + std::string(option.argument);
  return text;
}

absl::Status Unknown(std::string_view name, std::string_view argument) {
  std::vector<std::string> names;
  for (const Option& option : kOptions) names.emplace_back(option.name);
  std::string expected = "one of";
  for (const Option& option : kOptions) expected += " " + Written(option);
  std::string_view nearest = NearestOf(name, names);
  if (!nearest.empty()) {
    expected += " (the nearest is " + std::string(nearest) + ")";
  }
  return Wrong("command line", argument, expected);
}

absl::Status ApplyArgument(ApplicationOptions& options,
                           std::string_view argument) {
  size_t equals = argument.find('=');
  std::string_view name = argument.substr(0, equals);
  bool has_value = equals != std::string_view::npos;
  for (const Option& option : kOptions) {
    if (option.name != name) continue;
    if (has_value == option.argument.empty()) {
      return Wrong("command line", argument, Written(option));
    }
    return option.apply(options,
                        has_value ? argument.substr(equals + 1) : "");
  }
  return Unknown(name, argument);
}

}  // namespace

absl::StatusOr<ApplicationOptions> ParseCommandLine(
    std::span<const char* const> arguments) {
  ApplicationOptions options;
  for (std::string_view argument : arguments) {
    absl::Status status = ApplyArgument(options, argument);
    if (!status.ok()) return status;
  }
  // The network's, not the application's.
  auto network = options.parameters.find("network");
  if (network != options.parameters.end()) {
    if (!network->is_object()) {
      return Wrong("parameters.network", network->dump(), "an object");
    }
    options.network_options = *network;
    options.parameters.erase(network);
  }
  return options;
}

std::string CommandLineHelp(std::string_view application) {
  constexpr size_t kColumn = 26;
  std::string text = "usage: " + std::string(application) + " [option ...]\n";
  for (const Option& option : kOptions) {
    std::string line = "  " + Written(option);
    line.resize(kColumn, ' ');
    text += line + std::string(option.meaning) + "\n";
  }
  return text;
}

}  // namespace ebbrt
