#include "apps/loadgen/measured_job.h"

#include <algorithm>

namespace ebbrt::loadgen {

Request MeasuredJob::Start(Time start) {
  if (window_.Contains(start)) ++measurement_.started;
  return workload_.Draw(random_, start);
}

bool MeasuredJob::Tick(Time now) {
  now_ = now;
  return false;
}

Time MeasuredJob::NextTick() const {
  return now_ < window_.end ? window_.end : window_.end + kDrainMax;
}

bool MeasuredJob::Done(Time now, size_t unanswered) const {
  if (now < window_.end) return false;
  return (unanswered == 0 && !AnyWaiting()) || now >= window_.end + kDrainMax;
}

void MeasuredJob::OnResult(const Request& request, Result result, Time now) {
  const bool served = result < Result::kRefused;
  if (served && window_.Contains(now)) ++measurement_.completed_in_window;
  if (!window_.Contains(request.start)) return;
  switch (result) {
    case Result::kHit:
      ++measurement_.hits;
      break;
    case Result::kMiss:
      ++measurement_.misses;
      break;
    case Result::kStored:
      ++measurement_.stored;
      break;
    case Result::kRefused:
      ++measurement_.refused;
      return;
    case Result::kWrongValue:
      ++measurement_.wrong_values;
      return;
  }
  (request.is_set ? measurement_.sets : measurement_.gets)
      .Record(now - request.start);
}

void MeasuredJob::RecordGivenUp(const Request& request, Time when) {
  (request.is_set ? measurement_.sets : measurement_.gets)
      .Record(when - request.start);
}

void MeasuredJob::OnLost(const Request& request) {
  if (window_.Contains(request.start)) ++measurement_.lost;
}

void MeasuredJob::OnUnanswered(const Request& request, Time now) {
  if (!window_.Contains(request.start)) return;
  ++measurement_.unanswered;
  RecordGivenUp(request, now);
}

void MeasuredJob::OnConnectionLost(Time now) {
  if (window_.Contains(now)) ++measurement_.connections_lost;
}

void MeasuredJob::OnReceived(size_t bytes, Time now) {
  now_ = now;
  if (window_.Contains(now)) measurement_.bytes_received += bytes;
}

void MeasuredJob::OnSent(size_t bytes) {
  if (window_.Contains(now_)) measurement_.bytes_sent += bytes;
}

bool ClosedLoopJob::Next(Time now, Request& request) {
  if (now >= window_.end) return false;
  request = Start(now);
  return true;
}

OpenLoopJob::OpenLoopJob(const Workload& workload, const Window& window,
                         const Arrivals& arrivals, Random& random)
    : MeasuredJob(workload, window, random),
      gaps_(arrivals.gaps),
      ns_per_gap_unit_(1e9 / (arrivals.rate_rps * arrivals.mean_gap)),
      start_(arrivals.start),
      poll_(arrivals.poll),
      gap_random_(random()),
      next_(arrivals.start) {
  DrawNextArrival();
}

void OpenLoopJob::DrawNextArrival() {
  next_ns_ += std::max(0.0, gaps_.Draw(gap_random_)) * ns_per_gap_unit_;
  next_ = start_ + Duration(static_cast<int64_t>(next_ns_));
}

bool OpenLoopJob::Tick(Time now) {
  now_ = now;
  size_t arrivals = 0;
  while (next_ <= now && next_ < window_.end &&
         arrivals < kArrivalsPerTickMax) {
    if (waiting_.size() < kWaitingMax) {
      waiting_.push_back(next_);
    } else {
      Request request = Start(next_);
      if (window_.Contains(next_)) {
        ++measurement_.unsent;
        RecordGivenUp(request, window_.end + kDrainMax);
      }
    }
    ++arrivals;
    DrawNextArrival();
  }
  return arrivals > 0;
}

Time OpenLoopJob::NextTick() const {
  if (!poll_ && next_ < window_.end) return next_;
  return MeasuredJob::NextTick();
}

void OpenLoopJob::End(Time now) {
  while (Tick(now)) {
  }
  Request request;
  while (Next(now, request)) OnUnanswered(request, now);
}

bool OpenLoopJob::Next(Time, Request& request) {
  if (waiting_.empty()) return false;
  request = Start(waiting_.front());
  waiting_.pop_front();
  return true;
}

}  // namespace ebbrt::loadgen
