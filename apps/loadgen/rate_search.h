// The search for the highest rate at which a service level is met, as a
// sequence of trials that somebody else makes.
//
//   RateSearch search(peak);
//   while (std::optional<double> rate = search.Next()) {
//     search.Record(MeetsAt(*rate));
//   }
//   ... search.best() ...
//
// The first trial is the highest rate; then the interval between the best rate
// that met the level and the lowest that did not is halved, until its ends are
// within kPrecision.
//
// Cores: one. Blocks, allocates: never. Bound: kTrialsMax. Units: as given.
// Errors: none; best() is zero if no trial met the level.
// Source: mutilate's --search, which stops at the same precision.
#ifndef EBBRT_APPS_LOADGEN_RATE_SEARCH_H_
#define EBBRT_APPS_LOADGEN_RATE_SEARCH_H_

#include <optional>

#include "core/base/check.h"

namespace ebbrt::loadgen {

class RateSearch {
 public:
  static constexpr double kPrecision = 1.02;
  static constexpr int kTrialsMax = 16;

  // REQUIRES: highest > 0.
  explicit RateSearch(double highest) : trial_(highest) {
    EBBRT_CHECK(highest > 0);
  }

  // The rate to be tried next; none when the search is over.
  std::optional<double> Next() const {
    if (trials_ == kTrialsMax) return std::nullopt;
    if (trials_ > 0 && lowest_failed_ <= best_ * kPrecision) {
      return std::nullopt;
    }
    return trial_;
  }

  // How the trial of Next() came out.
  void Record(bool met) {
    ++trials_;
    if (met) {
      best_ = trial_;
      if (trials_ == 1) lowest_failed_ = trial_;  // Nothing above is tried.
    } else {
      lowest_failed_ = trial_;
    }
    trial_ = (best_ + lowest_failed_) / 2;
  }

  double best() const { return best_; }
  int trials() const { return trials_; }

 private:
  double trial_;
  double best_ = 0;
  double lowest_failed_ = 0;
  int trials_ = 0;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_RATE_SEARCH_H_
