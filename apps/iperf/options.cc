#include "apps/iperf/options.h"

#include <string>
#include <string_view>

#include "core/app/parameters.h"

namespace ebbrt::iperf {
namespace {

constexpr int64_t kConnectionsMax = 100'000;

Duration Seconds(ParameterReader& reader, std::string_view key,
                 double otherwise, double min) {
  constexpr double kSecondsMax = 24 * 3600;
  const double seconds = reader.Number(
      key, otherwise, {.min = min, .max = kSecondsMax, .unit = "seconds"});
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(seconds));
}

void ReadServer(ParameterReader& reader, Options& options) {
  absl::StatusOr<IpAddress> address =
      IpAddress::Parse(reader.Text("address", "0.0.0.0"));
  if (address.ok()) {
    options.endpoint.address = *address;
  } else {
    reader.Reject("address", "an IP address, such as \"127.0.0.1\"");
  }
  options.endpoint.port = static_cast<uint16_t>(
      reader.Integer("port", 5001, {.min = 0, .max = 65535}));
  options.connections_max = static_cast<uint32_t>(
      reader.Integer("connections_max", options.connections_max,
                     {.min = 1, .max = kConnectionsMax}));
}

void ReadClient(ParameterReader& reader, Options& options) {
  constexpr int64_t kMessageBytesMax = int64_t{1} << 28;
  constexpr int64_t kBytesMax = int64_t{1} << 50;
  absl::StatusOr<Endpoint> server =
      Endpoint::Parse(reader.Text("server", "127.0.0.1:5001"));
  if (server.ok()) {
    options.endpoint = *server;
  } else {
    reader.Reject("server", "an address and a port, as 127.0.0.1:5001");
  }
  options.connections = static_cast<uint32_t>(reader.Integer(
      "connections", options.connections, {.min = 1, .max = kConnectionsMax}));
  options.message_bytes = static_cast<size_t>(
      reader.Integer("message_bytes", static_cast<int64_t>(128 * kKiB),
                     {.min = 1, .max = kMessageBytesMax, .unit = "bytes"}));
  if (reader.Has("bytes")) {
    if (reader.Has("duration_s")) {
      reader.Reject("bytes", "either this or duration_s");
    }
    options.bytes = static_cast<uint64_t>(reader.Integer(
        "bytes", 1, {.min = 1, .max = kBytesMax, .unit = "bytes"}));
  } else {
    options.duration = Seconds(reader, "duration_s", 10, 0.001);
  }
  options.connect = Seconds(reader, "connect_s", 10, 0);
}

}  // namespace

absl::StatusOr<Options> ReadOptions(const nlohmann::json& parameters) {
  ParameterReader reader(parameters);
  Options options;
  options.is_client =
      reader.Choice("mode", "server", {"server", "client"}) == "client";
  if (options.is_client) {
    ReadClient(reader, options);
  } else {
    ReadServer(reader, options);
  }
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return options;
}

}  // namespace ebbrt::iperf
