// One core's part of the load generator: its connections, and the job that
// they work on. An Ebb, one representative a core.
//
//   co_await driver->Open();             // all connections, or why not
//   co_await driver->Set();              // each key of this core's part
//   co_await driver->Measure(plan);      // one window
//
// A connection that is lost is opened again, at most kAttemptsMax times in a
// row without a reply; what it left unanswered is told to the job.
//
// Cores: each representative its own. Ownership: the node's; the setup is
// shared. Blocks: never; all answers are futures. Allocates: connections, jobs.
// Bound: kOpeningMax connections are being opened at a time.
// Errors: kUnavailable where the server cannot be reached; the message names
// it. One job at a time is a failed check.
#ifndef EBBRT_APPS_LOADGEN_DRIVER_H_
#define EBBRT_APPS_LOADGEN_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "apps/loadgen/connection.h"
#include "apps/loadgen/job.h"
#include "apps/loadgen/measured_job.h"
#include "apps/loadgen/measurement.h"
#include "apps/loadgen/options.h"
#include "apps/loadgen/request_writer.h"
#include "apps/loadgen/workload.h"
#include "core/async/future.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "core/event/event_loop.h"
#include "core/event/timer.h"

namespace ebbrt::loadgen {

// What the cores of a load generator share; immutable.
struct Setup {
  explicit Setup(const Options& given)
      : options(given),
        workload(given.workload),
        mean_gap(given.gaps.MeanOfPositive()) {}

  Options options;
  Workload workload;
  double mean_gap;
};

// One window of a node: when, and how fast.
struct Plan {
  Time start;  // Of the warm-up.
  Window window;
  // Of all cores together; none is a closed loop.
  std::optional<double> rate_rps;
  // Which one of the node's windows this is: each draws its own requests.
  uint64_t number;
};

class Driver final : private Connection::Owner {
 public:
  static constexpr uint32_t kAttemptsMax = 10;
  static constexpr Duration kRetryDelay = std::chrono::milliseconds(50);
  static constexpr uint32_t kOpeningMax = 64;

  // Of `core_count` drivers the one of core `core`.
  Driver(std::shared_ptr<const Setup> setup, uint32_t core,
         uint32_t core_count);

  // Opens all connections of this core that are not open.
  Future<void> Open();
  // Sets, or reads back and checks, this core's part of the keys.
  Future<void> Set() { return Sweep(SweepJob::Kind::kSet); }
  Future<void> ReadBack() { return Sweep(SweepJob::Kind::kGet); }
  Future<Measurement> Measure(Plan plan);
  // Closes all connections, and ends a job that runs with kCancelled.
  void Close();

  size_t open_connections() const { return open_ - leaving_; }

 private:
  struct Slot {
    Connection* connection = nullptr;  // While there is one.
    uint32_t attempts = 0;             // Since the last reply.
    bool leaving = false;              // We have aborted it.
  };

  // Connection::Owner:
  void OnOpen(Connection& connection) override;
  void OnResult(Connection& connection, const Request& request, Result result,
                Time now) override;
  void OnReplies(Connection& connection, size_t bytes, Time now) override;
  void OnSent(size_t bytes) override;
  void OnLost(Connection& connection, const absl::Status& why) override;

  // Connections:
  void OpenSome();
  void Retry();
  void TellIfOpened();
  // The next connection with room, in turn; null if there is none.
  Connection* NextWithRoom();

  // The job:
  Future<void> Run(Job& job);
  Future<void> Sweep(SweepJob::Kind kind);
  // Gives what the job has to the connections in turn, and sends it.
  void Distribute(Time now);
  void OnTimer();
  bool Poll();
  bool EndIfDone(Time now);
  // Aborts what still waits for a reply: one that comes after all must not be
  // taken for a reply to the next job's requests.
  void AbortUnanswered(Job& job, Time now);

  const std::shared_ptr<const Setup> setup_;
  const uint32_t core_;
  const uint32_t core_count_;
  Random random_;
  RequestWriter writer_;

  // Every slot is in to_open_ or to_retry_, or given up, or its connection is
  // being opened, open, or leaving.
  std::vector<Slot> slots_;
  std::deque<uint32_t> to_open_;
  std::vector<uint32_t> to_retry_;
  uint32_t opening_ = 0;
  uint32_t open_ = 0;  // With those that are leaving.
  uint32_t leaving_ = 0;
  uint32_t given_up_ = 0;
  absl::Status last_failure_;
  std::optional<Promise<void>> opened_;  // Of who waits for Open.
  bool closing_ = false;
  Timer retry_timer_;

  Job* job_ = nullptr;
  std::optional<Promise<void>> job_ended_;
  size_t unanswered_ = 0;  // Of all connections.
  uint32_t next_slot_ = 0;
  std::vector<Connection*> to_flush_;
  Timer job_timer_;
  IdleHandler poller_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_DRIVER_H_
