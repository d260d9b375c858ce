#include "apps/netpipe/run.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apps/netpipe/measurement.h"
#include "apps/netpipe/options.h"
#include "apps/netpipe/receiver.h"
#include "apps/netpipe/transmitter.h"
#include "core/async/combinators.h"
#include "core/net/network.h"
#include "platform/current.h"

namespace ebbrt::netpipe {
namespace {

constexpr Duration kRetryDelay = std::chrono::milliseconds(50);

absl::Status Stopped() {
  return absl::CancelledError("stopped before the end");
}

// What becomes of connections to a receiver.
class Receivers {
 public:
  explicit Receivers(std::shared_ptr<const Options> options)
      : options_(std::move(options)) {}

  std::unique_ptr<TcpHandler> Accept() {
    if (open_.size() == kConnectionsMax) return nullptr;
    auto receiver = std::make_unique<Receiver>(
        options_,
        [this](Peer& peer, const absl::Status& status) { End(peer, status); });
    open_.insert(receiver.get());
    return receiver;
  }

  // Ends all; is there once they are gone.
  Future<void> Shutdown() {
    Future<void> gone = gone_.emplace().GetFuture();
    if (open_.empty()) gone_->SetValue();
    for (Receiver* receiver : open_) receiver->Abort(Stopped());
    return gone;
  }

  Json ToJson() const {
    return {{"measurements", measurements_},
            {"measurements_failed", failed_},
            {"messages", messages_}};
  }

 private:
  void End(Peer& peer, const absl::Status& status) {
    auto& receiver = static_cast<Receiver&>(peer);
    ++(status.ok() ? measurements_ : failed_);
    messages_ += receiver.messages();
    if (!status.ok()) {
      Platform::WriteConsole(
          absl::StrCat("a measurement failed: ", status.message(), "\n"));
    }
    open_.erase(&receiver);
    if (open_.empty() && gone_.has_value()) gone_->SetValue();
  }

  const std::shared_ptr<const Options> options_;
  std::unordered_set<Receiver*> open_;
  std::optional<Promise<void>> gone_;
  uint64_t measurements_ = 0;
  uint64_t failed_ = 0;
  uint64_t messages_ = 0;
};

Future<int> Serve(Application& application,
                  std::shared_ptr<const Options> options) {
  auto receivers = std::make_shared<Receivers>(options);
  absl::StatusOr<Endpoint> endpoint = network->ListenTcp(
      options->endpoint,
      [receivers](const Endpoint&) { return receivers->Accept(); });
  if (!endpoint.ok()) co_return endpoint.status();
  application.ReportReady(
      {{"port", endpoint->port}, {"endpoint", endpoint->ToString()}});
  absl::Status stopped = co_await application.StopRequested();
  if (!stopped.ok()) co_return stopped;
  network->StopListeningTcp(*endpoint);
  absl::Status down = co_await receivers->Shutdown();
  if (!down.ok()) co_return down;
  application.ReportMetrics(receivers->ToJson());
  co_return 0;
}

// One attempt to measure.
struct Attempt {
  absl::Status status;
  bool was_open = false;
  Measurement measurement;
};

// The one that is running, for whoever is to stop it.
struct Current {
  Transmitter* transmitter = nullptr;
  bool is_stopped = false;
};

Future<Attempt> Try(Application& application,
                    std::shared_ptr<const Options> options,
                    std::shared_ptr<Current> current) {
  auto promise = std::make_shared<Promise<Attempt>>();
  Future<Attempt> ended = promise->GetFuture();
  auto transmitter = std::make_unique<Transmitter>(
      options,
      [promise, current](Peer& peer, const absl::Status& status) {
        current->transmitter = nullptr;
        promise->SetValue(
            Attempt{status, peer.was_open(),
                    static_cast<Transmitter&>(peer).measurement()});
      },
      [&application, options](const Measurement& measurement) {
        application.ReportProgress(
            static_cast<double>(measurement.sizes.size()) /
            static_cast<double>(options->schedule.size()));
      });
  current->transmitter = transmitter.get();
  network->ConnectTcp(options->endpoint, std::move(transmitter));
  return ended;
}

Future<int> Measure(Application& application,
                    std::shared_ptr<const Options> options) {
  auto current = std::make_shared<Current>();
  static_cast<void>(application.StopRequested().Then([current] {
    current->is_stopped = true;
    if (current->transmitter != nullptr) current->transmitter->Abort(Stopped());
  }));
  const Time until = Platform::Now() + options->connect;
  absl::StatusOr<Attempt> attempt = co_await Try(application, options, current);
  while (attempt.ok() && !attempt->was_open && !current->is_stopped &&
         Platform::Now() < until) {
    absl::Status waited = co_await Delay(kRetryDelay);
    if (!waited.ok()) co_return waited;
    if (current->is_stopped) break;
    attempt = co_await Try(application, options, current);
  }
  if (!attempt.ok()) co_return attempt.status();
  const Measurement& measurement = attempt->measurement;
  if (attempt->was_open) application.ReportMetrics(measurement.ToJson());
  if (current->is_stopped) co_return absl::AbortedError(Stopped().message());
  if (!attempt->status.ok()) {
    co_return absl::Status(attempt->status.code(),
                           absl::StrCat(options->endpoint.ToString(), ": ",
                                        attempt->status.message()));
  }
  if (measurement.wrong_messages > 0) {
    co_return absl::DataLossError(
        absl::StrCat(options->endpoint.ToString(), ": ",
                     measurement.wrong_messages, " of ", measurement.messages,
                     " messages came back other than they were sent"));
  }
  co_return 0;
}

}  // namespace

Future<int> RunNetpipe(Application& application) {
  absl::StatusOr<Options> read = ReadOptions(application.parameters());
  if (!read.ok()) co_return read.status();
  auto options = std::make_shared<const Options>(*std::move(read));
  if (options->is_transmitter) co_return co_await Measure(application, options);
  co_return co_await Serve(application, options);
}

}  // namespace ebbrt::netpipe
