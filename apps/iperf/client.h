// Client: one core's part of an iperf client, an Ebb: its connections, and what
// they send.
//
// A connection sends message after message, each the same bytes, as long as the
// network takes them; then it ends its direction, and is done once the server
// has ended its own, that is, has read everything.
//
// Cores: each its own representative. Ownership: connections are the network's,
// and listed here. Blocks: no.
// Allocates: a connection each; a view a message.
// Bound: one message a connection waits here; kMessagesPerTurn are sent before
// others have their turn.
// Errors: a connection that is lost is counted, the first reason kept.
#ifndef EBBRT_APPS_IPERF_CLIENT_H_
#define EBBRT_APPS_IPERF_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "apps/iperf/options.h"
#include "core/async/future.h"
#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/buf/iobuf.h"
#include "core/event/timer.h"
#include "core/net/network.h"

namespace ebbrt::iperf {

// What a core has sent.
struct Sent {
  uint64_t bytes = 0;
  uint64_t messages = 0;
  uint32_t connections = 0;       // That were open at the start.
  uint32_t connections_lost = 0;  // Of these.
  Time end = Time::min();         // When the last has been read by the server.
  absl::Status failure;

  void Add(const Sent& other);
};

class Client {
 public:
  static constexpr size_t kMessagesPerTurn = 64;
  // How long the server may take to read the rest once all is sent.
  static constexpr Duration kRestMax = std::chrono::seconds(30);

  explicit Client(std::shared_ptr<const Options> options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Opens those of this core's connections that are not open. Fails with the
  // first that cannot be.
  Future<void> Open();
  // Sends on all that are open, until `deadline` or until the core's part of
  // the bytes is sent. REQUIRES: Open has succeeded; called once.
  Future<Sent> Run(Time deadline);
  // Aborts everything; the futures of Open and Run come to their end.
  void Stop();

 private:
  class Connection;

  void OnOpen();
  void OnGone(Connection& connection, const absl::Status& status);
  void TellIfOpened();
  void TellIfDone();
  void OnDeadline();
  void EndAll(const absl::Status& why);
  // The connections, and the bytes of the connection `index` of all.
  uint32_t connection_count() const;
  uint64_t BytesOf(uint32_t index) const;

  const std::shared_ptr<const Options> options_;
  const uint32_t core_;
  const uint32_t core_count_;
  std::unique_ptr<IOBuf> message_;
  IntrusiveList<Connection> connections_;
  uint32_t opening_ = 0;
  uint32_t open_ = 0;
  bool is_sending_ = false;
  bool is_stopped_ = false;
  absl::Status failure_;
  Sent sent_;
  Timer deadline_timer_;  // Of sending, and then of the rest.
  bool is_past_deadline_ = false;
  std::optional<Promise<void>> opened_;
  std::optional<Promise<Sent>> done_;
};

}  // namespace ebbrt::iperf

#endif  // EBBRT_APPS_IPERF_CLIENT_H_
