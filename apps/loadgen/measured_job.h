// The jobs that measure: closed loop and open loop.
//
// Both send requests from their beginning until the window's end, and count
// those that start within the window.
//
//   closed  a request starts when the reply came that made room for it (or,
//           at first, when the job began)
//   open    a request starts when it was meant to: the arrivals are drawn
//           beforehand, and one that finds every connection busy, or the
//           generator late, waits with its time. So a server that stalls shows
//           with all whom it kept waiting (no coordinated omission).
//
// After the window's end what has started is still waited for, for kDrainMax.
//
// Cores: one. Ownership: refers to the workload and the generator of random
// numbers. Blocks: never. Allocates: histograms; a queue of arrivals.
// Bound: kWaitingMax arrivals wait; more are counted as unsent.
// Source: Tene, "How not to measure latency", 2013 (coordinated omission).
// Other than mutilate, which draws arrivals for each connection and measures
// from the sending, a core draws them for all its connections together, which
// keeps the distribution's bursts.
#ifndef EBBRT_APPS_LOADGEN_MEASURED_JOB_H_
#define EBBRT_APPS_LOADGEN_MEASURED_JOB_H_

#include <cstddef>
#include <deque>

#include "apps/loadgen/distribution.h"
#include "apps/loadgen/job.h"
#include "apps/loadgen/measurement.h"
#include "apps/loadgen/workload.h"
#include "core/base/random.h"
#include "core/base/types.h"

namespace ebbrt::loadgen {

// The measured window: [begin, end).
struct Window {
  Time begin;
  Time end;
  bool Contains(Time time) const { return time >= begin && time < end; }
};

class MeasuredJob : public Job {
 public:
  static constexpr Duration kDrainMax = std::chrono::seconds(1);

  Measurement& measurement() { return measurement_; }

  Time NextTick() const override;
  bool Tick(Time now) override;
  void OnResult(const Request& request, Result result, Time now) override;
  void OnLost(const Request& request) override;
  void OnUnanswered(const Request& request, Time now) override;
  void OnConnectionLost(Time now) override;
  void OnReceived(size_t bytes, Time now) override;
  void OnSent(size_t bytes) override;
  bool Done(Time now, size_t unanswered) const override;

 protected:
  MeasuredJob(const Workload& workload, const Window& window, Random& random)
      : workload_(workload), window_(window), random_(random) {}

  // Whether requests that have started still wait to be sent.
  virtual bool AnyWaiting() const { return false; }
  // A request that starts at `start`.
  Request Start(Time start);
  // Counts a request that will never be answered, as if it were at `when`.
  void RecordGivenUp(const Request& request, Time when);

  const Workload& workload_;
  const Window window_;
  Random& random_;
  Measurement measurement_;
  Time now_{};  // Of the last call that told.
};

class ClosedLoopJob final : public MeasuredJob {
 public:
  ClosedLoopJob(const Workload& workload, const Window& window, Random& random)
      : MeasuredJob(workload, window, random) {}

  bool Next(Time now, Request& request) override;
};

class OpenLoopJob final : public MeasuredJob {
 public:
  static constexpr size_t kWaitingMax = size_t{1} << 16;
  // In one Tick, so that replies are not kept waiting for long.
  static constexpr size_t kArrivalsPerTickMax = 512;

  struct Arrivals {
    Distribution gaps;
    double mean_gap;  // Of `gaps`, in its own unit.
    double rate_rps;
    Time start;
    bool poll;
  };

  OpenLoopJob(const Workload& workload, const Window& window,
              const Arrivals& arrivals, Random& random);

  bool Next(Time now, Request& request) override;
  bool Tick(Time now) override;
  Time NextTick() const override;
  bool WantsPolling() const override { return poll_; }
  void End(Time now) override;

 private:
  bool AnyWaiting() const override {
    return !waiting_.empty() || next_ < window_.end;
  }
  void DrawNextArrival();

  const Distribution gaps_;
  const double ns_per_gap_unit_;
  const Time start_;
  const bool poll_;
  // Of the gaps alone, so that the arrivals do not depend on when requests are
  // sent.
  Random gap_random_;
  double next_ns_ = 0;  // The next arrival, from the start on.
  Time next_;           // The same, rounded.
  std::deque<Time> waiting_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_MEASURED_JOB_H_
