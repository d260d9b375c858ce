// The job's part of a driver; that of the connections is
// driver_connections.cc.
#include "apps/loadgen/driver.h"

#include <utility>

#include "core/base/check.h"
#include "platform/current.h"

namespace ebbrt::loadgen {

Future<void> Driver::Run(Job& job) {
  EBBRT_CHECK(job_ == nullptr);
  job_ = &job;
  job_ended_.emplace();
  Future<void> ended = job_ended_->GetFuture();
  if (job.WantsPolling()) poller_.Start();
  OnTimer();
  return ended;
}

void Driver::OnTimer() {
  if (job_ == nullptr) return;
  Time now = Platform::Now();
  job_->Tick(now);
  Distribute(now);
  if (!EndIfDone(now)) job_timer_.Set(job_->NextTick());
}

bool Driver::Poll() {
  if (job_ == nullptr) return false;
  Time now = Platform::Now();
  if (!job_->Tick(now)) return false;
  Distribute(now);
  return true;
}

void Driver::Distribute(Time now) {
  Request request;
  while (Connection* connection = NextWithRoom()) {
    if (!job_->Next(now, request)) break;
    if (!connection->HasUnsent()) to_flush_.push_back(connection);
    connection->Enqueue(request);
    ++unanswered_;
  }
  for (Connection* connection : to_flush_) connection->Flush();
  to_flush_.clear();
}

void Driver::OnResult(Connection& connection, const Request& request,
                      Result result, Time now) {
  slots_[connection.slot()].attempts = 0;
  --unanswered_;
  if (job_ != nullptr) job_->OnResult(request, result, now);
}

void Driver::OnReplies(Connection& connection, size_t bytes, Time now) {
  if (job_ == nullptr) return;
  job_->OnReceived(bytes, now);
  // The room that the replies have made belongs to whoever waits for it; what
  // is due only now goes to all connections in turn.
  Request request;
  while (connection.HasRoom() && job_->Next(now, request)) {
    connection.Enqueue(request);
    ++unanswered_;
  }
  connection.Flush();
  if (job_->Tick(now)) Distribute(now);
  EndIfDone(now);
}

void Driver::OnSent(size_t bytes) {
  if (job_ != nullptr) job_->OnSent(bytes);
}

bool Driver::EndIfDone(Time now) {
  if (!job_->Done(now, unanswered_)) return false;
  Job& job = *std::exchange(job_, nullptr);
  poller_.Stop();
  job_timer_.Cancel();
  job.End(now);
  if (unanswered_ > 0) AbortUnanswered(job, now);
  std::exchange(job_ended_, std::nullopt)->SetValue();
  return true;
}

void Driver::AbortUnanswered(Job& job, Time now) {
  for (Slot& slot : slots_) {
    Connection* connection = slot.connection;
    if (connection == nullptr || connection->unanswered() == 0) continue;
    connection->ForEachUnanswered([&job, now](const Request& request) {
      job.OnUnanswered(request, now);
    });
    unanswered_ -= connection->unanswered();
    connection->Forget();
    connection->Abort();
    if (!std::exchange(slot.leaving, true)) ++leaving_;
  }
}

Future<void> Driver::Sweep(SweepJob::Kind kind) {
  if (slots_.empty()) co_return absl::OkStatus();
  SweepJob job(kind, setup_->workload, core_, core_count_, random_,
               Platform::Now());
  absl::Status ended = co_await Run(job);
  co_return ended.ok() ? job.status() : ended;
}

Future<Measurement> Driver::Measure(Plan plan) {
  const Options& options = setup_->options;
  random_ = Random(options.seed, plan.number << 32 | core_);
  if (slots_.empty()) co_return Measurement();
  std::unique_ptr<MeasuredJob> job;
  if (plan.rate_rps.has_value()) {
    double part = static_cast<double>(slots_.size()) / options.connections;
    job = std::make_unique<OpenLoopJob>(
        setup_->workload, plan.window,
        OpenLoopJob::Arrivals{.gaps = options.gaps,
                              .mean_gap = setup_->mean_gap,
                              .rate_rps = *plan.rate_rps * part,
                              .start = plan.start,
                              .poll = options.poll},
        random_);
  } else {
    job = std::make_unique<ClosedLoopJob>(setup_->workload, plan.window,
                                          random_);
  }
  absl::Status ended = co_await Run(*job);
  if (!ended.ok()) co_return ended;
  co_return std::move(job->measurement());
}

}  // namespace ebbrt::loadgen
