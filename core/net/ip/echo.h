// Echoes that somebody waits for.
//
// Cores: one; a reply comes to the core whose number is its identifier.
// Ownership: owns the promises. Blocks: never. Allocates: a record each.
// Bound: kEchoesMax. Units: Time.
// Errors: kResourceExhausted, kDeadlineExceeded.
// Source: RFC 792 (echo); RFC 1122 section 3.2.2.6.
#ifndef EBBRT_CORE_NET_IP_ECHO_H_
#define EBBRT_CORE_NET_IP_ECHO_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "core/async/future.h"
#include "core/base/types.h"

namespace ebbrt::ip {

class Echoes {
 public:
  static constexpr size_t kEchoesMax = 256;

  // A new one; the sequence number that its reply has. None: too many.
  std::optional<uint16_t> Add(Time now, Time deadline) {
    if (waiting_.size() == kEchoesMax) return std::nullopt;
    const uint16_t sequence = next_++;
    waiting_[sequence] = {.sent = now, .deadline = deadline, .promise = {}};
    return sequence;
  }
  // REQUIRES: Add returned it.
  Future<Duration> FutureOf(uint16_t sequence) {
    return waiting_[sequence].promise.GetFuture();
  }
  void OnReply(uint16_t sequence, Time now) {
    auto found = waiting_.find(sequence);
    if (found == waiting_.end()) return;
    Waiting done = std::move(found->second);
    waiting_.erase(found);
    done.promise.SetValue(now - done.sent);
  }
  void OnTimer(Time now) {
    for (auto next = waiting_.begin(); next != waiting_.end();) {
      auto at = next++;
      if (at->second.deadline > now) continue;
      Waiting late = std::move(at->second);
      waiting_.erase(at);
      late.promise.SetOutcome(
          absl::Status(absl::StatusCode::kDeadlineExceeded, "no echo"));
    }
  }
  Time next_deadline() const {
    Time next = kTimeNever;
    for (const auto& [sequence, echo] : waiting_) {
      next = std::min(next, echo.deadline);
    }
    return next;
  }

 private:
  struct Waiting {
    Time sent;
    Time deadline;
    Promise<Duration> promise;
  };

  std::map<uint16_t, Waiting> waiting_;  // By sequence number.
  uint16_t next_ = 0;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_ECHO_H_
