// A client: does one operation after the other, of its own choice, and notes in
// the history what it was told. What is not answered in time, or at all, it
// gives up, and goes on over another connection.
//
// Cores: one. Ownership: refers to the options and to the history, which
// outlive it; it outlives its connections, which it lets go of.
// Blocks: no. Allocates: connections, and what a history does.
// Bound: ClientOptions::operations.
// Errors: kDataLoss where the server sends what is no reply; kDeadlineExceeded
// where it is not done by the deadline: somebody waits for ever.
#ifndef EBBRT_APPS_LINEARIZABILITY_CLIENT_H_
#define EBBRT_APPS_LINEARIZABILITY_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apps/linearizability/history.h"
#include "apps/linearizability/session.h"
#include "core/async/future.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "core/event/timer.h"
#include "core/net/endpoint.h"

namespace ebbrt::linearizability {

struct ClientOptions {
  Endpoint server;
  uint32_t clients = 8;
  uint32_t keys = 3;
  uint64_t operations = 100;  // Of each client.
  Duration think{};           // Between operations, on average.
  Duration timeout{};         // Of a connection's opening, and an operation.
  Duration retry{};           // Before another connection is tried.
  Duration deadline{};        // Of all operations.
  // Begins all names, so that nobody else's items are touched.
  std::string prefix;
};

class Client final : private Session::Owner {
 public:
  Client(uint32_t number, const ClientOptions& options, History& history,
         uint64_t seed);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Once. Is there when all operations have been done or given up.
  Future<void> Run();

  uint64_t connections() const { return connections_; }

 private:
  void OnOpen(uint64_t life) override;
  void OnReply(const Reply& reply) override;
  void OnLost(const absl::Status& why) override;

  void OnTimer();
  void Connect();
  void ThinkThenAsk();
  void Ask();
  Operation Choose();
  // Nothing more comes of the present connection.
  void GiveUp();
  void End(absl::Status status);

  const uint32_t number_;
  const ClientOptions& options_;
  History& history_;
  Random random_;
  Timer timer_;
  Time deadline_{};
  Promise<void> done_;
  bool ended_ = false;
  Session* session_ = nullptr;  // The network's.
  bool is_open_ = false;
  uint64_t life_ = 0;
  uint64_t asked_ = 0;
  uint64_t connections_ = 0;
  std::optional<size_t> under_way_;  // In the history.
  std::vector<uint64_t> tokens_;     // By key, of the item read last; 0: none.
};

}  // namespace ebbrt::linearizability

#endif  // EBBRT_APPS_LINEARIZABILITY_CLIENT_H_
