// Any bytes as what an application is told: command lines, and parameters that
// are read as applications read theirs.
//
// An input's first byte picks which; lines are arguments.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/app/command_line.h"
#include "core/app/parameters.h"
#include "core/base/check.h"
#include "core/net/endpoint.h"

namespace ebbrt {
namespace {

void TryCommandLine(const std::string& text) {
  // No file is read: its name would be anybody's.
  if (text.find("-file") != std::string::npos) return;
  std::vector<std::string> lines(1);
  for (char byte : text) {
    if (byte == '\n') {
      lines.emplace_back();
    } else if (byte != '\0') {
      lines.back() += byte;
    }
  }
  std::vector<const char*> arguments;
  for (const std::string& line : lines) arguments.push_back(line.c_str());
  const auto options = ParseCommandLine(arguments);
  if (options.ok()) EBBRT_CHECK(options->parameters.is_object());
}

void TryParameters(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  ParameterReader reader(json);
  const int64_t port = reader.Integer("port", 1, {.min = 1, .max = 65535});
  EBBRT_CHECK(port >= 1 && port <= 65535);
  const double rate = reader.Number("rate", 1, {.min = 0, .max = 1e9});
  EBBRT_CHECK(rate >= 0 && rate <= 1e9);
  reader.Boolean("flag", false);
  reader.Text("text", "");
  const std::string kind = reader.Choice("kind", "a", {"a", "b"});
  EBBRT_CHECK(kind == "a" || kind == "b");
  for (double each : reader.Numbers("list", {}, {.min = -1, .max = 1})) {
    EBBRT_CHECK(each >= -1 && each <= 1);
  }
  ParameterReader object = reader.Object("object");
  object.Integer("deep", 0, {});
  for (ParameterReader& each : reader.Objects("objects")) {
    each.Text("name", "");
  }
  static_cast<void>(reader.Finish());
}

void TryEndpoint(const std::string& text) {
  const auto endpoint = Endpoint::Parse(text);
  if (!endpoint.ok()) return;
  const auto again = Endpoint::Parse(endpoint->ToString());
  EBBRT_CHECK(again.ok() && *again == *endpoint);
}

}  // namespace
}  // namespace ebbrt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  if (bytes == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  constexpr void (*kTries[])(const std::string&) = {
      ebbrt::TryCommandLine, ebbrt::TryParameters, ebbrt::TryEndpoint};
  kTries[data[0] % 3](text);
  return 0;
}
