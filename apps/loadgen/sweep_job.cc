#include <string>

#include "absl/strings/str_cat.h"
#include "apps/loadgen/job.h"

namespace ebbrt::loadgen {

SweepJob::SweepJob(Kind kind, const Workload& workload, uint64_t first,
                   uint64_t step, Random& random, Time now)
    : kind_(kind),
      workload_(workload),
      step_(step),
      random_(random),
      next_(first),
      last_result_(now) {}

bool SweepJob::Next(Time now, Request& request) {
  if (!again_.empty()) {
    request = again_.back();
    again_.pop_back();
    request.start = now;
    return true;
  }
  if (next_ >= workload_.records()) return false;
  auto key = static_cast<uint32_t>(next_);
  next_ += step_;
  bool is_set = kind_ == Kind::kSet;
  request = {now, key, is_set ? workload_.DrawValueBytes(random_) : 0, is_set};
  return true;
}

void SweepJob::OnResult(const Request&, Result result, Time now) {
  last_result_ = now;
  ++done_;
  switch (result) {
    case Result::kHit:
    case Result::kStored:
      break;
    case Result::kMiss:
      ++misses_;
      break;
    case Result::kWrongValue:
      ++wrong_values_;
      break;
    case Result::kRefused:
      ++refused_;
      break;
  }
}

bool SweepJob::Done(Time now, size_t unanswered) const {
  bool all = next_ >= workload_.records() && again_.empty() && unanswered == 0;
  return all || now >= last_result_ + kSilenceMax;
}

absl::Status SweepJob::status() const {
  if (unanswered_ > 0 || !again_.empty() || next_ < workload_.records()) {
    return absl::UnavailableError(absl::StrCat(
        "no reply in ", kSilenceMax / std::chrono::seconds(1), " s, after ",
        done_, " keys"));
  }
  if (misses_ + wrong_values_ + refused_ == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "of ", done_, " keys ", refused_, " were refused, ", misses_,
      " were missing, ", wrong_values_, " had a wrong value"));
}

}  // namespace ebbrt::loadgen
