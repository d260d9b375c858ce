// A session without a network, for tests: bytes in, bytes out.
//
// Cores: one. Ownership: its own server. Not for production.
#ifndef EBBRT_APPS_MEMCACHED_SESSION_HARNESS_H_
#define EBBRT_APPS_MEMCACHED_SESSION_HARNESS_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "apps/memcached/server_state.h"
#include "apps/memcached/session.h"

namespace ebbrt::memcached {

class SessionHarness {
 public:
  explicit SessionHarness(Settings settings = {}) : state_(settings) {}

  // Feeds a session of its own with `requests`, in pieces of `piece_bytes`, and
  // returns all replies. `fresh`: with a new session.
  std::string Serve(std::string_view requests, size_t piece_bytes = 1 << 20) {
    std::string replies;
    while (!requests.empty() && !session_.closing()) {
      std::string_view piece = requests.substr(0, piece_bytes);
      RequestContext context{state_, state_.statistics[0], reply_, clock_};
      requests.remove_prefix(session_.Consume(piece, context));
      replies += reply_.Take().ToString();
    }
    return replies;
  }

  // Another connection to the same server.
  void Reconnect() { session_ = Session(); }
  bool closing() const { return session_.closing(); }

  void SetNow(uint32_t now) {
    clock_.now = now;
    state_.store.Tick(now);
  }
  Clock& clock() { return clock_; }
  ServerState& state() { return state_; }
  Store& store() { return state_.store; }

 private:
  ServerState state_;
  Clock clock_{.unix_origin = 1'700'000'000};
  Reply reply_;
  Session session_;
};

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_SESSION_HARNESS_H_
