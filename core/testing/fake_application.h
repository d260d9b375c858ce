// An application's surroundings in a test: gives it parameters and stops it,
// and keeps what it reports.
//
// Cores: the one that makes it; the application runs there.
// Ownership: the test's; it outlives the application. Blocks: no.
// Allocates: yes. Errors: none.
#ifndef EBBRT_CORE_TESTING_FAKE_APPLICATION_H_
#define EBBRT_CORE_TESTING_FAKE_APPLICATION_H_

#include <string_view>
#include <utility>
#include <vector>

#include "core/app/application.h"
#include "core/async/future.h"
#include "core/testing/seed.h"

namespace ebbrt::testing {

class FakeApplication final : public Application {
 public:
  explicit FakeApplication(Json parameters)
      : parameters_(std::move(parameters)) {}

  const Json& parameters() const override { return parameters_; }
  std::string_view role() const override { return ""; }
  uint64_t seed() const override { return Seed(); }
  Future<void> StopRequested() override {
    Future<void> stop = stops_.emplace_back().GetFuture();
    if (is_stopped_) stops_.back().SetValue();
    return stop;
  }
  void ReportReady(Json details) override { ready = std::move(details); }
  void ReportProgress(double fraction) override { progress = fraction; }
  void ReportMetrics(Json given) override {
    ++reports;
    metrics = std::move(given);
  }

  void Stop() {
    is_stopped_ = true;
    for (Promise<void>& stop : stops_) stop.SetValue();
  }

  // What was reported last; null if nothing was.
  Json ready;
  Json metrics;
  double progress = -1;  // Before the first report.
  int reports = 0;  // Of metrics.

 private:
  const Json parameters_;
  std::vector<Promise<void>> stops_;
  bool is_stopped_ = false;
};

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_TESTING_FAKE_APPLICATION_H_
