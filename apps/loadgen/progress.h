// Reports how far a run has come, now and then, from the time that its parts
// are known to take.
//
// Cores: one. Ownership: refers to the application. Blocks, allocates: no.
// Bound: one report in kPeriod. Errors: none.
#ifndef EBBRT_APPS_LOADGEN_PROGRESS_H_
#define EBBRT_APPS_LOADGEN_PROGRESS_H_

#include <algorithm>

#include "core/app/application.h"
#include "core/base/types.h"
#include "core/event/timer.h"
#include "platform/current.h"

namespace ebbrt::loadgen {

class Progress {
 public:
  static constexpr Duration kPeriod = std::chrono::milliseconds(250);

  explicit Progress(Application& application)
      : application_(application), timer_([this] { Report(); }) {}

  // A part of the run begins, which leads from one fraction to another.
  void Begin(double from, double to, Duration expected) {
    from_ = from;
    to_ = to;
    begin_ = Platform::Now();
    expected_ = expected;
    Report();
  }
  void End() { timer_.Cancel(); }

 private:
  void Report() {
    double part = std::min(
        1.0, static_cast<double>((Platform::Now() - begin_).count()) /
                 static_cast<double>(expected_.count()));
    application_.ReportProgress(std::min(1.0, from_ + (to_ - from_) * part));
    timer_.SetAfter(kPeriod);
  }

  Application& application_;
  double from_ = 0;
  double to_ = 0;
  Time begin_{};
  Duration expected_{1};
  Timer timer_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_PROGRESS_H_
