// What a core has to do with its connections: which requests it sends when, and
// what becomes of the replies.
//
// The driver (apps/loadgen/driver.h) takes requests whenever a connection has
// room for one, tells results, and ends the job once it is Done.
//
// Cores: one. Ownership: the caller of Driver::Run. Blocks: never.
// Allocates, Bound, Errors: each job's own.
#ifndef EBBRT_APPS_LOADGEN_JOB_H_
#define EBBRT_APPS_LOADGEN_JOB_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "apps/loadgen/connection.h"
#include "apps/loadgen/workload.h"
#include "core/base/random.h"
#include "core/base/types.h"

namespace ebbrt::loadgen {

class Job {
 public:
  virtual ~Job() = default;

  // Puts the next request to be sent into `request`; false if there is none
  // for now.
  virtual bool Next(Time now, Request& request) = 0;

  // What depends on time. Returns whether there may be new requests.
  virtual bool Tick(Time now) { return false; }
  // When Tick wants to be called next, at the latest, and Done to be asked.
  virtual Time NextTick() const = 0;
  // Whether Tick wants to be called as often as possible.
  virtual bool WantsPolling() const { return false; }

  virtual void OnResult(const Request& request, Result result, Time now) = 0;
  // The connection was lost before the reply came.
  virtual void OnLost(const Request& request) = 0;
  // No reply has come until the end of the job.
  virtual void OnUnanswered(const Request& request, Time now) = 0;
  virtual void OnConnectionLost(Time now) {}
  virtual void OnReceived(size_t bytes, Time now) {}
  virtual void OnSent(size_t bytes) {}

  // The job has ended, before OnUnanswered is called for what is in flight.
  virtual void End(Time now) {}

  // Whether the job has ended; `unanswered` requests are in flight.
  virtual bool Done(Time now, size_t unanswered) const = 0;
};

// Sets, or reads back, each key of a core's part once.
class SweepJob final : public Job {
 public:
  // How long a server may leave all requests unanswered.
  static constexpr Duration kSilenceMax = std::chrono::seconds(10);

  enum class Kind { kSet, kGet };

  // The keys first, first + step, ... of the workload.
  SweepJob(Kind kind, const Workload& workload, uint64_t first, uint64_t step,
           Random& random, Time now);

  // OK if every key was set, or read with a value that was set for it.
  absl::Status status() const;

  bool Next(Time now, Request& request) override;
  Time NextTick() const override { return last_result_ + kSilenceMax; }
  void OnResult(const Request& request, Result result, Time now) override;
  void OnLost(const Request& request) override { again_.push_back(request); }
  void OnUnanswered(const Request&, Time) override { ++unanswered_; }
  bool Done(Time now, size_t unanswered) const override;

 private:
  const Kind kind_;
  const Workload& workload_;
  const uint64_t step_;
  Random& random_;
  uint64_t next_;
  std::vector<Request> again_;  // Lost with their connections.
  Time last_result_;
  uint64_t done_ = 0;
  uint64_t misses_ = 0;
  uint64_t wrong_values_ = 0;
  uint64_t refused_ = 0;
  uint64_t unanswered_ = 0;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_JOB_H_
