#include "core/app/run_application.h"

#include <algorithm>
#include <cstdio>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/async/future.h"
#include "core/async/outcome.h"
#include "core/base/check.h"
#include "core/base/spin_lock.h"
#include "core/ebb/ebb.h"
#include "core/event/node.h"
#include "core/net/install_network.h"
#include "core/trace/trace.h"
#include "core/trace/trace_json.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

// The Application that an entry point gets. It is an Ebb of its node, so that
// the futures which still wait in it go while there are cores.
class NodeApplication final : public Application {
 public:
  explicit NodeApplication(const ApplicationOptions& options)
      : options_(options) {}

  const Json& parameters() const override { return options_.parameters; }
  std::string_view role() const override { return options_.role; }
  uint64_t seed() const override { return options_.node.seed; }

  Future<void> StopRequested() override {
    // The list element is made outside of the lock.
    std::list<Promise<void>> waiting;
    waiting.emplace_back();
    Future<void> future = waiting.back().GetFuture();
    {
      std::scoped_lock guard(lock_);
      if (!stop_requested_) {
        waiting_.splice(waiting_.end(), waiting);
        return future;
      }
    }
    waiting.back().SetValue();
    return future;
  }

  // Any core.
  void RequestStop() {
    std::list<Promise<void>> waiting;
    {
      std::scoped_lock guard(lock_);
      stop_requested_ = true;
      waiting.swap(waiting_);
    }
    for (Promise<void>& promise : waiting) promise.SetValue();
  }

  void ReportReady(Json details) override {
    EBBRT_CHECK(details.is_object() || details.is_null());
    details["event"] = "ready";
    Report(details);
  }
  void ReportProgress(double fraction) override {
    Report({{"event", "progress"},
            {"fraction", std::clamp(fraction, 0.0, 1.0)}});
  }
  void ReportMetrics(Json metrics) override {
    Report({{"event", "metrics"}, {"metrics", std::move(metrics)}});
  }
  // {"event": "trace", "cores": n, "tags": [...], "counters": {name: sum}};
  // the tags as TagCostsToJson.
  void ReportTrace(const TraceSnapshot& trace, const CounterValues& counters) {
    Report({{"event", "trace"},
            {"cores", trace.cores.size()},
            {"tags", TagCostsToJson(trace)},
            {"counters", counters}});
  }

 private:
  static void Report(const Json& line) {
    // Text that is no UTF-8 must not spoil the line for its reader.
    Platform::WriteConsole(
        std::string(kReportPrefix) +
        line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  const ApplicationOptions options_;
  SpinLock lock_;  // Guards all below.
  bool stop_requested_ = false;
  std::list<Promise<void>> waiting_;
};

// Says what went wrong, and returns the exit code for it.
int Failure(std::string_view application, const absl::Status& status) {
  bool wrong_configuration =
      status.code() == absl::StatusCode::kInvalidArgument;
  std::string text =
      wrong_configuration ? std::string(status.message()) : status.ToString();
  Platform::WriteConsole(std::string(application) + ": " + text + "\n");
  return wrong_configuration ? kExitWrongConfiguration : kExitFailed;
}

Future<int> CallEntry(const ApplicationDescriptor& application,
                      Application& node) {
  try {
    return application.entry(node);
  } catch (...) {
    return ReadyFuture<int>(StatusOfCurrentException());
  }
}

// Writes the time line of what happened last.
absl::Status WriteTimeLine(const std::string& name) {
  const std::string text = TimeLineToJson().dump() + "\n";
  std::FILE* file = std::fopen(name.c_str(), "wb");
  if (file != nullptr) {
    size_t written = std::fwrite(text.data(), 1, text.size(), file);
    if (std::fclose(file) == 0 && written == text.size()) {
      return absl::OkStatus();
    }
  }
  return absl::UnavailableError("cannot write the time line to " + name);
}

// The application's exit code, once it has ended.
Future<int> RunToEnd(const ApplicationDescriptor& application,
                     const ApplicationOptions& options, NodeApplication& node) {
  if (options.trace) {
    absl::Status started = co_await StartTrace();
    if (!started.ok()) co_return Failure(application.name, started);
  }
  absl::StatusOr<int> code = co_await CallEntry(application, node);
  if (!code.ok()) co_return Failure(application.name, code.status());
  if (options.trace) {
    absl::StatusOr<CounterValues> counters = co_await ReadCounters();
    node.ReportTrace(ReadTrace(),
                     counters.ok() ? *counters : CounterValues());
  }
  if (!options.trace_file.empty()) {
    absl::Status written = WriteTimeLine(options.trace_file);
    if (!written.ok()) co_return Failure(application.name, written);
  }
  co_return *code;
}

// The first event of core 0.
void StartApplication(const ApplicationDescriptor& application,
                      const ApplicationOptions& options) {
  absl::Status network =
      InstallNetwork(options.network, options.network_options);
  if (!network.ok()) {
    Exit(Failure(application.name, network));
    return;
  }
  EbbRef<NodeApplication> node =
      CreateSharedEbb(std::make_unique<NodeApplication>(options));
  Platform::SetStopHandler(
      [](void* stopped) {
        static_cast<NodeApplication*>(stopped)->RequestStop();
      },
      &*node);
  static_cast<void>(RunToEnd(application, options, *node)
                        .Then([&application](absl::StatusOr<int> code) {
                          Exit(code.ok() ? *code
                                         : Failure(application.name,
                                                   code.status()));
                        }));
}

}  // namespace

EventFunction ApplicationMain(const ApplicationDescriptor& application,
                              const ApplicationOptions& options) {
  return [&application, &options] { StartApplication(application, options); };
}

int RunApplication(const ApplicationDescriptor& application,
                   const ApplicationOptions& options) {
  return RunNode(options.node, ApplicationMain(application, options));
}

int RunApplication(const ApplicationDescriptor& application,
                   std::span<const char* const> arguments) {
  absl::StatusOr<ApplicationOptions> options = ParseCommandLine(arguments);
  if (!options.ok()) return Failure(application.name, options.status());
  if (options->help) {
    Platform::WriteConsole(CommandLineHelp(application.name));
    return kExitOk;
  }
  return RunApplication(application, *options);
}

}  // namespace ebbrt
