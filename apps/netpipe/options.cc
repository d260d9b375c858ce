#include "apps/netpipe/options.h"

#include <string>
#include <string_view>

#include "core/app/parameters.h"

namespace ebbrt::netpipe {
namespace {

constexpr double kSecondsMax = 3600;
constexpr double kSilenceMin = 0.01;

Duration Seconds(ParameterReader& reader, std::string_view key,
                 double otherwise, double min = 0) {
  const double seconds = reader.Number(
      key, otherwise, {.min = min, .max = kSecondsMax, .unit = "seconds"});
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(seconds));
}

void ReadSizes(ParameterReader& reader, Options& options) {
  constexpr int64_t kTrialsMax = 1000;
  constexpr int64_t kPerturbationMax = 1 << 20;
  auto bytes = [&reader](std::string_view key, int64_t otherwise, int64_t min,
                         int64_t max) {
    return static_cast<uint32_t>(reader.Integer(
        key, otherwise, {.min = min, .max = max, .unit = "bytes"}));
  };
  options.first_bytes = bytes("first_bytes", 1, 1, Options::kMessageBytesMax);
  const uint32_t last =
      bytes("last_bytes", 10'000'000, 1, Options::kMessageBytesMax);
  const uint32_t perturbation =
      bytes("perturbation_bytes", 3, 0, kPerturbationMax);
  if (last < options.first_bytes) {
    reader.Reject("last_bytes", "no less than first_bytes");
  } else {
    options.schedule = MakeSchedule(options.first_bytes, last, perturbation);
  }
  options.trials = static_cast<uint32_t>(
      reader.Integer("trials", options.trials, {.min = 1, .max = kTrialsMax}));
}

}  // namespace

absl::StatusOr<Options> ReadOptions(const nlohmann::json& parameters) {
  ParameterReader reader(parameters);
  Options options;
  options.is_transmitter =
      reader.Choice("mode", "receiver", {"receiver", "transmitter"}) ==
      "transmitter";
  ReadSizes(reader, options);
  options.silence = Seconds(reader, "silence_s", 30, kSilenceMin);
  if (!options.is_transmitter) {
    absl::StatusOr<IpAddress> address =
        IpAddress::Parse(reader.Text("address", "0.0.0.0"));
    if (address.ok()) {
      options.endpoint.address = *address;
    } else {
      reader.Reject("address", "an IP address, such as \"127.0.0.1\"");
    }
    options.endpoint.port = static_cast<uint16_t>(
        reader.Integer("port", 5002, {.min = 0, .max = 65535}));
  } else {
    absl::StatusOr<Endpoint> server =
        Endpoint::Parse(reader.Text("server", "127.0.0.1:5002"));
    if (server.ok()) {
      options.endpoint = *server;
    } else {
      reader.Reject("server", "an address and a port, as 127.0.0.1:5002");
    }
    options.repeats = static_cast<uint32_t>(
        reader.Integer("repeats", 0, {.min = 0, .max = Options::kRepeatsMax}));
    options.trial = Seconds(reader, "trial_s", 0.1);
    options.stop = Seconds(reader, "stop_s", 1);
    options.connect = Seconds(reader, "connect_s", 10);
    options.verify = reader.Boolean("verify", false);
  }
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return options;
}

}  // namespace ebbrt::netpipe
