#include "apps/loadgen/generator.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "apps/loadgen/driver.h"
#include "apps/loadgen/measurement.h"
#include "apps/loadgen/options.h"
#include "apps/loadgen/progress.h"
#include "apps/loadgen/rate_search.h"
#include "core/async/combinators.h"
#include "core/ebb/ebb.h"
#include "platform/current.h"

namespace ebbrt::loadgen {
namespace {

// The outcomes of a call of each core's driver, by core.
template <typename Function>
auto OnEachCore(EbbRef<Driver> driver, Function function) {
  auto call = [driver, function] { return function(*driver); };
  std::vector<decltype(Async(CoreId(0), call))> calls;
  for (uint32_t core = 0; core < Platform::CoreCount(); ++core) {
    calls.push_back(Async(CoreId(core), call));
  }
  return WhenAll(std::move(calls));
}

absl::Status FirstError(const std::vector<absl::Status>& statuses) {
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// One run of the application. It lives in the coroutine's frame.
class Session {
 public:
  Session(Application& application, const Options& options)
      : application_(application),
        setup_(std::make_shared<const Setup>(options)),
        driver_(CreatePerCoreEbb<Driver>([setup = setup_] {
          return std::make_unique<Driver>(setup,
                                          Platform::CurrentCore().index(),
                                          Platform::CoreCount());
        })),
        progress_(application) {}

  // Opens the connections and fills the server.
  Future<void> Prepare();
  // Does what the mode says, and reports it.
  Future<void> Measure();
  // Ends all connections, whatever they do.
  Future<void> Close();

 private:
  const Options& options() const { return setup_->options; }

  // One window at a rate, or in a closed loop; its progress goes from one
  // fraction of the whole to another.
  Future<Measurement> MeasureAt(std::optional<double> rate_rps, double from,
                                double to);
  Future<Measurement> MeasureSearch(Json& report);
  Future<void> OpenAll();
  // Holds the connections, for as long as a window takes.
  Future<void> Hold();
  Future<size_t> CountOpen();
  bool Meets(const Measurement& measurement) const;
  Json TrialReport(double rate, const Measurement& measurement) const;

  Application& application_;
  const std::shared_ptr<const Setup> setup_;
  const EbbRef<Driver> driver_;
  Progress progress_;
  uint64_t windows_ = 0;
};

Future<void> Session::OpenAll() {
  auto opened =
      co_await OnEachCore(driver_, [](Driver& d) { return d.Open(); });
  co_return opened.ok() ? FirstError(*opened) : opened.status();
}

Future<void> Session::Prepare() {
  absl::Status status = co_await OpenAll();
  if (!status.ok()) co_return status;
  if (options().load) {
    auto set = co_await OnEachCore(driver_, [](Driver& d) { return d.Set(); });
    status = set.ok() ? FirstError(*set) : set.status();
  }
  if (status.ok() && options().load && options().verify) {
    auto read =
        co_await OnEachCore(driver_, [](Driver& d) { return d.ReadBack(); });
    status = read.ok() ? FirstError(*read) : read.status();
  }
  if (status.ok()) co_return status;
  co_return absl::Status(
      status.code(), absl::StrCat(options().server.ToString(), ": loading ",
                                  options().workload.records,
                                  " keys: ", status.message()));
}

Future<Measurement> Session::MeasureAt(std::optional<double> rate_rps,
                                       double from, double to) {
  // Connections that were lost get another chance before each window.
  absl::Status opened = co_await OpenAll();
  if (!opened.ok()) co_return opened;
  Time start = Platform::Now();
  Time begin = start + options().warmup;
  Plan plan = {.start = start,
               .window = {begin, begin + options().duration},
               .rate_rps = rate_rps,
               .number = ++windows_};
  progress_.Begin(from, to, options().warmup + options().duration);
  auto parts = co_await OnEachCore(
      driver_, [plan](Driver& driver) { return driver.Measure(plan); });
  progress_.End();
  if (!parts.ok()) co_return parts.status();
  Measurement sum;
  for (const absl::StatusOr<Measurement>& part : *parts) {
    if (!part.ok()) co_return part.status();
    sum.Add(*part);
  }
  co_return sum;
}

bool Session::Meets(const Measurement& measurement) const {
  return measurement.all().count() > 0 &&
         measurement.all().PercentileNs(options().sla.percentile) <=
             options().sla.latency.count();
}

Json Session::TrialReport(double rate, const Measurement& measurement) const {
  LatencyHistogram all = measurement.all();
  return {{"rate", rate},
          {"achieved", measurement.ThroughputRps(options().duration)},
          {"p99_ns", all.PercentileNs(99)},
          {"percentile_ns", all.PercentileNs(options().sla.percentile)},
          {"met", Meets(measurement)}};
}

Future<Measurement> Session::MeasureSearch(Json& report) {
  constexpr double kTrialsExpected = 9;
  double highest = options().rate_rps;
  report = {{"percentile", options().sla.percentile},
            {"latency_ns", options().sla.latency.count()},
            {"rate_rps_at_sla", 0.0},
            {"steps", Json::array()}};
  if (highest == 0) {
    absl::StatusOr<Measurement> peak =
        co_await MeasureAt(std::nullopt, 0, 1 / kTrialsExpected);
    if (!peak.ok()) co_return peak;
    highest = peak->ThroughputRps(options().duration);
    report["closed_loop_rps"] = highest;
    if (highest == 0) co_return peak;
  }
  RateSearch search(highest);
  // Of the best trial; of the last one, as long as none has met the level.
  absl::StatusOr<Measurement> result = absl::UnknownError("no trial");
  while (std::optional<double> rate = search.Next()) {
    double done = (search.trials() + 1) / kTrialsExpected;
    absl::StatusOr<Measurement> trial =
        co_await MeasureAt(*rate, done, done + 1 / kTrialsExpected);
    if (!trial.ok()) co_return trial;
    report["steps"].push_back(TrialReport(*rate, *trial));
    bool met = Meets(*trial);
    search.Record(met);
    if (met || search.best() == 0) result = std::move(trial);
  }
  report["rate_rps_at_sla"] = search.best();
  co_return result;
}

Future<size_t> Session::CountOpen() {
  auto counts = co_await OnEachCore(
      driver_, [](Driver& driver) { return driver.open_connections(); });
  if (!counts.ok()) co_return counts.status();
  size_t open = 0;
  for (const absl::StatusOr<size_t>& count : *counts) open += count.value_or(0);
  co_return open;
}

Future<void> Session::Hold() {
  Duration time = options().warmup + options().duration;
  progress_.Begin(0, 1, time);
  absl::Status held = co_await Delay(time);
  progress_.End();
  if (!held.ok()) co_return held;
  absl::StatusOr<size_t> open = co_await CountOpen();
  if (!open.ok()) co_return open.status();
  application_.ReportMetrics(
      {{"connections", options().connections},
       {"connections_open", *open},
       {"duration_s", std::chrono::duration<double>(time).count()}});
  co_return absl::OkStatus();
}

Future<void> Session::Measure() {
  if (options().mode == Mode::kIdle) co_return co_await Hold();
  Json search;
  std::optional<double> rate_rps;
  if (options().mode == Mode::kOpen) rate_rps = options().rate_rps;
  Future<Measurement> run = options().mode == Mode::kSearch
                                ? MeasureSearch(search)
                                : MeasureAt(rate_rps, 0, 1);
  absl::StatusOr<Measurement> measured = co_await std::move(run);
  if (!measured.ok()) co_return measured.status();
  absl::StatusOr<size_t> open = co_await CountOpen();
  if (!open.ok()) co_return open.status();
  Json metrics = measured->ToJson(options().duration);
  metrics["connections"] = options().connections;
  metrics["connections_open"] = *open;
  metrics["target_rps"] = rate_rps.has_value() ? Json(*rate_rps) : Json();
  if (!search.is_null()) metrics["search"] = std::move(search);
  application_.ReportMetrics(std::move(metrics));
  if (*open > 0) co_return absl::OkStatus();
  // A run without a single connection left is none, unless the server is back.
  co_return co_await OpenAll();
}

Future<void> Session::Close() {
  static_cast<void>(co_await OnEachCore(driver_, [](Driver& driver) {
    driver.Close();
  }));
  co_return absl::OkStatus();
}

}  // namespace

Future<int> RunLoadGenerator(Application& application) {
  absl::StatusOr<Options> options =
      ReadOptions(application.parameters(), application.seed());
  if (!options.ok()) co_return options.status();
  auto session = std::make_shared<Session>(application, *options);
  auto stopped = std::make_shared<bool>(false);
  static_cast<void>(application.StopRequested().Then([session, stopped] {
    *stopped = true;
    return session->Close();
  }));
  absl::Status status = co_await session->Prepare();
  if (status.ok()) status = co_await session->Measure();
  static_cast<void>(co_await session->Close());
  if (*stopped) co_return absl::AbortedError("stopped before the end");
  if (!status.ok()) co_return status;
  co_return 0;
}

}  // namespace ebbrt::loadgen
