#include "apps/loadgen/options.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "apps/loadgen/etc_workload.h"
#include "apps/loadgen/latency_histogram.h"
#include "core/app/parameters.h"
#include "platform/current.h"

namespace ebbrt::loadgen {
namespace {

using nlohmann::json;

constexpr double kSecondsMax = 24 * 3600;

Duration Seconds(ParameterReader& reader, std::string_view key,
                 double otherwise, double min) {
  double seconds = reader.Number(
      key, otherwise, {.min = min, .max = kSecondsMax, .unit = "seconds"});
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(seconds));
}

Distribution ReadDistributionObject(ParameterReader reader) {
  constexpr ParameterReader::NumberRange kAny = {.min = -1e12, .max = 1e12};
  constexpr ParameterReader::NumberRange kPositive = {.min = 0, .max = 1e12};
  // At shape 1 the mean is infinite.
  constexpr ParameterReader::NumberRange kShape = {.min = -5, .max = 0.9};
  std::string kind = reader.Choice(
      "distribution", "",
      {"fixed", "uniform", "normal", "exponential", "pareto", "gev"});
  auto number = [&reader](std::string_view key, const auto& range) {
    if (!reader.Has(key)) reader.Reject(key, "a number");
    return reader.Number(key, 0, range);
  };
  if (kind == "fixed") return Distribution::Fixed(number("value", kPositive));
  if (kind == "uniform") {
    double min = number("min", kPositive);
    return Distribution::Uniform(
        min, number("max", ParameterReader::NumberRange{min, 1e12, ""}));
  }
  if (kind == "normal") {
    double mean = number("mean", kAny);
    return Distribution::Normal(mean, number("deviation", kPositive));
  }
  if (kind == "exponential") {
    return Distribution::Exponential(number("mean", kPositive));
  }
  if (kind == "pareto" || kind == "gev") {
    double location = number("location", kAny);
    double scale = number("scale", kPositive);
    double shape = number("shape", kShape);
    return kind == "pareto"
               ? Distribution::Pareto(location, scale, shape)
               : Distribution::ExtremeValue(location, scale, shape);
  }
  if (!reader.Has("distribution")) {
    reader.Reject("distribution", "the name of one");
  }
  return Distribution::Fixed(1);
}

// Sizes: "etc", a number, or an object.
Distribution ReadSizes(const json& parameters, ParameterReader& reader,
                       std::string_view key, const Distribution& etc) {
  const json value = parameters.value(std::string(key), json("etc"));
  if (value.is_number()) {
    return Distribution::Fixed(
        reader.Number(key, 0, {.min = 0, .max = kValueBytesMax}));
  }
  if (value.is_object()) return ReadDistributionObject(reader.Object(key));
  if (value != "etc") {
    reader.Reject(key, "\"etc\", a number of bytes or a distribution");
  }
  reader.Has(key);
  return etc;
}

Distribution ReadGaps(const json& parameters, ParameterReader& reader) {
  constexpr std::string_view kKey = "interarrival";
  const json value = parameters.value(std::string(kKey), json("etc"));
  Distribution gaps = Distribution::EtcGap();
  if (value.is_object()) {
    gaps = ReadDistributionObject(reader.Object(kKey));
  } else {
    std::string name =
        reader.Choice(kKey, "etc", {"etc", "exponential", "fixed"});
    if (name == "exponential") gaps = Distribution::Exponential(1);
    if (name == "fixed") gaps = Distribution::Fixed(1);
  }
  if (gaps.MeanOfPositive() <= 0) {
    reader.Reject(kKey, "a distribution with a mean above 0");
  }
  return gaps;
}

ServiceLevel ReadServiceLevel(ParameterReader& reader) {
  ServiceLevel sla;
  const ParameterReader::IntegerRange nanoseconds = {
      .min = 1,
      .max = LatencyHistogram::kLatencyMax.count(),
      .unit = "nanoseconds"};
  if (reader.Has("sla_p99_ns")) {
    if (reader.Has("sla")) reader.Reject("sla_p99_ns", "this or sla, not both");
    sla.latency = Duration(
        reader.Integer("sla_p99_ns", sla.latency.count(), nanoseconds));
    return sla;
  }
  ParameterReader object = reader.Object("sla");
  sla.percentile = object.Number("percentile", sla.percentile,
                                 {.min = 0, .max = 100});
  sla.latency =
      Duration(object.Integer("latency_ns", sla.latency.count(), nanoseconds));
  return sla;
}

Mode ReadMode(ParameterReader& reader, double rate_rps) {
  std::string mode = reader.Choice("mode", "closed",
                                   {"closed", "open", "search", "idle"});
  if (mode == "open" && rate_rps <= 0) {
    reader.Reject("rate_rps", "a rate above 0, for mode \"open\"");
  }
  if (rate_rps > 0 && (mode == "closed" || mode == "idle")) {
    reader.Reject("rate_rps", "none, or 0, for mode \"" + mode + "\"");
  }
  if (mode == "open") return Mode::kOpen;
  if (mode == "search") return Mode::kSearch;
  return mode == "idle" ? Mode::kIdle : Mode::kClosed;
}

Protocol ReadProtocol(ParameterReader& reader) {
  std::string protocol =
      reader.Choice("protocol", "binary", {"binary", "text", "http"});
  if (protocol == "text") return Protocol::kText;
  if (protocol != "http") return Protocol::kBinary;
  for (std::string_view key :
       {"records", "set_fraction", "keys", "values", "load", "verify"}) {
    if (reader.Has(key)) reader.Reject(key, "none, for protocol \"http\"");
  }
  return Protocol::kHttp;
}

Workload::Page ReadPage(ParameterReader& reader, const Options& options) {
  Workload::Page page = {.path = reader.Text("path", "/"),
                         .host = options.server.ToString()};
  const bool is_graphic =
      std::all_of(page.path.begin(), page.path.end(),
                  [](char c) { return c > ' ' && c < '\x7f'; });
  if (!page.path.starts_with('/') || !is_graphic ||
      page.path.size() > Workload::Page::kPathBytesMax) {
    reader.Reject("path", "a path as /index.html, without spaces");
  }
  if (options.protocol != Protocol::kHttp && reader.Has("path")) {
    reader.Reject("path", "none, unless for protocol \"http\"");
  }
  return page;
}

}  // namespace

absl::StatusOr<Options> ReadOptions(const json& parameters, uint64_t seed) {
  constexpr double kRateMax = 1e9;
  ParameterReader reader(parameters);
  Options options;
  options.seed = seed;
  absl::StatusOr<Endpoint> server =
      Endpoint::Parse(reader.Text("server", "127.0.0.1:11211"));
  if (server.ok()) {
    options.server = *server;
  } else {
    reader.Reject("server", "an address and a port, as 127.0.0.1:11211");
  }
  options.connections = static_cast<uint32_t>(reader.Integer(
      "connections", 16, {.min = 1, .max = Options::kConnectionsMax}));
  options.depth = static_cast<uint32_t>(
      reader.Integer("depth", 4, {.min = 1, .max = Options::kDepthMax}));
  options.protocol = ReadProtocol(reader);
  options.rate_rps = reader.Number(
      "rate_rps", 0, {.min = 0, .max = kRateMax, .unit = "requests a second"});
  options.mode = ReadMode(reader, options.rate_rps);
  options.sla = ReadServiceLevel(reader);
  options.workload.records = static_cast<uint64_t>(
      reader.Integer("records", 10'000,
                     {.min = 1, .max = static_cast<int64_t>(kRecordsMax)}));
  options.workload.set_fraction = reader.Number(
      "set_fraction",
      options.protocol == Protocol::kHttp ? 0 : etc::kSetFraction,
      {.min = 0, .max = 1});
  options.workload.key_bytes =
      ReadSizes(parameters, reader, "keys", Distribution::EtcKeyBytes());
  options.workload.value_bytes =
      ReadSizes(parameters, reader, "values", Distribution::EtcValueBytes());
  options.gaps = ReadGaps(parameters, reader);
  options.workload.page = ReadPage(reader, options);
  options.load = reader.Boolean("load", options.protocol != Protocol::kHttp);
  options.verify = reader.Boolean("verify", false);
  options.poll = reader.Boolean("poll", true) &&
                 !Has(Platform::kFeatures, platform::Feature::kVirtualTime);
  options.warmup = Seconds(reader, "warmup_s", 0.5, 0);
  options.duration = Seconds(reader, "duration_s", 2, 1e-6);
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return options;
}

}  // namespace ebbrt::loadgen
