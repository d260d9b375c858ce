// dispatch: how many calls of an Ebb the cores of a node make, by where the Ebb
// has its representatives.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/app/application.h"
#include "core/app/parameters.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "core/ebb/ebb.h"
#include "core/event/event_loop.h"
#include "core/trace/event_tag.h"
#include "platform/current.h"

namespace ebbrt::dispatch {
namespace {

EBBRT_EVENT_TAG(kCallTag, "dispatch.call");
EBBRT_EVENT_TAG(kAnswerTag, "dispatch.answer");

struct Options {
  // Which core's representative is called: one's own, core 0's, or any.
  enum class Target { kOwn, kHome, kAny };
  Target target = Target::kOwn;
  uint32_t depth = 1;  // Calls under way at a time, of each core.
  Duration warmup{};
  Duration duration{};
  uint64_t seed = 1;
};

absl::StatusOr<Options> ReadOptions(const Json& parameters) {
  constexpr double kSecondsMax = 3600;
  constexpr int64_t kDepthMax = 1024;
  ParameterReader reader(parameters);
  Options options;
  std::string target = reader.Choice("target", "own", {"own", "home", "any"});
  if (target == "home") options.target = Options::Target::kHome;
  if (target == "any") options.target = Options::Target::kAny;
  options.depth = static_cast<uint32_t>(
      reader.Integer("depth", 1, {.min = 1, .max = kDepthMax}));
  auto seconds = [&reader](const char* key, double otherwise, double min) {
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(reader.Number(
            key, otherwise,
            {.min = min, .max = kSecondsMax, .unit = "seconds"})));
  };
  options.warmup = seconds("warmup_s", 0.1, 0);
  options.duration = seconds("duration_s", 1, 1e-6);
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return options;
}

// What is called.
class Counter {
 public:
  void Add() { ++count_; }

 private:
  uint64_t count_ = 0;
};

struct Figures {
  uint64_t calls = 0;
  Duration latency{};  // Of all of them together.
};

// One core's part of who calls.
class Caller {
 public:
  Caller(const Options& options, EbbRef<Counter> counter)
      : options_(options),
        counter_(counter),
        core_(Platform::CurrentCore()),
        random_(options.seed, core_.index()) {}

  // Calls until the time is over; what was done in the window.
  static Future<Figures> Run(EbbRef<Caller> self) {
    Caller& caller = *self;
    caller.self_ = self;
    caller.begin_ = Platform::Now() + caller.options_.warmup;
    caller.end_ = caller.begin_ + caller.options_.duration;
    caller.under_way_ = caller.options_.depth;
    Future<Figures> done = caller.done_.GetFuture();
    for (uint32_t i = 0; i < caller.options_.depth; ++i) caller.Call();
    return done;
  }

 private:
  CoreId Target() {
    switch (options_.target) {
      case Options::Target::kOwn: return core_;
      case Options::Target::kHome: return CoreId(0);
      case Options::Target::kAny: break;
    }
    return CoreId(static_cast<uint32_t>(random_.Below(Platform::CoreCount())));
  }

  void Call() {
    Time asked = Platform::Now();
    // Nothing but references and values goes to another core.
    SpawnOn(
        Target(),
        [counter = counter_, self = *self_, home = core_, asked] {
          counter->Add();
          SpawnOn(
              home, [self, asked] { self->OnAnswer(asked); }, kAnswerTag);
        },
        kCallTag);
  }

  void OnAnswer(Time asked) {
    Time now = Platform::Now();
    if (asked >= begin_ && now <= end_) {
      ++figures_.calls;
      figures_.latency += now - asked;
    }
    if (now < end_) {
      Call();
    } else if (--under_way_ == 0) {
      done_.SetValue(figures_);
    }
  }

  const Options options_;
  const EbbRef<Counter> counter_;
  const CoreId core_;
  Random random_;
  std::optional<EbbRef<Caller>> self_;
  Time begin_{};
  Time end_{};
  uint32_t under_way_ = 0;
  Figures figures_;
  Promise<Figures> done_;
};

}  // namespace

Future<int> Main(Application& application) {
  absl::StatusOr<Options> options = ReadOptions(application.parameters());
  if (!options.ok()) co_return options.status();
  options->seed = application.seed();
  EbbRef<Counter> counter =
      CreatePerCoreEbb<Counter>([] { return std::make_unique<Counter>(); });
  EbbRef<Caller> caller = CreatePerCoreEbb<Caller>(
      [options = *options, counter] {
        return std::make_unique<Caller>(options, counter);
      });
  std::vector<Future<Figures>> cores;
  for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
    cores.push_back(
        Async(CoreId(i), [caller] { return Caller::Run(caller); }));
  }
  auto figures = co_await WhenAll(std::move(cores));
  if (!figures.ok()) co_return figures.status();
  Figures all;
  for (const absl::StatusOr<Figures>& one : *figures) {
    if (!one.ok()) co_return one.status();
    all.calls += one->calls;
    all.latency += one->latency;
  }
  double seconds = std::chrono::duration<double>(options->duration).count();
  double calls = static_cast<double>(all.calls);
  application.ReportMetrics(
      {{"calls", all.calls},
       {"calls_per_second", calls / seconds},
       {"latency_mean_ns",
        all.calls == 0 ? 0.0
                       : static_cast<double>(all.latency.count()) / calls}});
  co_return 0;
}

}  // namespace ebbrt::dispatch

EBBRT_APPLICATION("dispatch", ebbrt::dispatch::Main);
