// One connection to the server: a pipeline of requests, answered in order.
//
// Cores: one, the connection's. Ownership: the network owns a connection, which
// refers to its owner; the owner is told before it goes. Blocks: never.
// Allocates: when made, depth * sizeof(Request); buffers to send.
// Bound: `depth` requests at a time; what the network does not take at once
// waits here, and is no more than they encode to.
// Errors: whatever the server does that is no reply aborts the connection.
//
// All replies that came together carry the time at which they came: the clock
// is read once for them, before they are parsed.
#ifndef EBBRT_APPS_LOADGEN_CONNECTION_H_
#define EBBRT_APPS_LOADGEN_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "apps/loadgen/protocol.h"
#include "apps/loadgen/request_writer.h"
#include "apps/loadgen/workload.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/network.h"

namespace ebbrt::loadgen {

// How a request came out.
enum class Result : uint8_t { kHit, kMiss, kStored, kRefused, kWrongValue };

class Connection final : public TcpHandler, private ReplySink {
 public:
  class Owner {
   public:
    virtual void OnOpen(Connection& connection) = 0;
    virtual void OnResult(Connection& connection, const Request& request,
                          Result result, Time now) = 0;
    // All replies that came together have been told; it is time to send.
    virtual void OnReplies(Connection& connection, size_t bytes, Time now) = 0;
    virtual void OnSent(size_t bytes) = 0;
    // The connection is gone, or never was. Its requests that were not answered
    // are still in it.
    virtual void OnLost(Connection& connection, const absl::Status& why) = 0;

   protected:
    ~Owner() = default;
  };

  struct Settings {
    Protocol protocol;
    uint32_t depth;
    bool verify;
  };

  // `slot` is the owner's number for it.
  Connection(Owner& owner, uint32_t slot, const Settings& settings,
             const Workload& workload, RequestWriter& writer);

  uint32_t slot() const { return slot_; }
  uint32_t unanswered() const { return tail_ - head_; }
  bool was_open() const { return was_open_; }
  bool HasRoom() const { return usable_ && unanswered() < depth_; }

  // Adds a request to the pipeline. REQUIRES: HasRoom().
  void Enqueue(const Request& request) { requests_[tail_++ & mask_] = request; }
  // Whether something was added since the last Flush.
  bool HasUnsent() const { return sent_ != tail_; }
  // Sends what was added.
  void Flush();

  // Passes each request that was not answered, oldest first.
  template <typename Function>
  void ForEachUnanswered(Function function) const {
    for (uint32_t i = head_; i != tail_; ++i) function(requests_[i & mask_]);
  }

  // End the connection, in good order or at once. OnLost follows.
  void Close();
  void Abort();
  // Forgets what was not answered.
  void Forget() { head_ = sent_ = tail_; }

 private:
  // TcpHandler:
  void OnConnected(TcpConnection& connection) override;
  void OnReceive(IOBufChain data) override;
  void OnSendReady() override;
  void OnPeerClosed() override;
  void OnClosed(const absl::Status& status) override;
  // ReplySink:
  void OnValue(size_t value_bytes, size_t offset,
               std::span<const std::byte> piece) override;
  bool OnReply(Reply reply) override;

  Owner& owner_;
  const uint32_t slot_;
  const uint32_t depth_;
  const uint32_t mask_;
  const Workload& workload_;
  RequestWriter& writer_;
  const std::unique_ptr<ProtocolClient> client_;
  TcpConnection* connection_ = nullptr;  // While there is one.
  bool usable_ = false;                  // Open, and nobody wants its end.
  bool was_open_ = false;
  absl::Status failure_;                 // Why we abort it, if we do.

  // Invariant: head_ <= sent_ <= tail_, as counters that wrap around: requests
  // [head_, sent_) wait for replies, [sent_, tail_) are to be encoded.
  std::vector<Request> requests_;
  uint32_t head_ = 0;
  uint32_t sent_ = 0;
  uint32_t tail_ = 0;
  IOBufChain unsent_;  // Encoded, and not yet taken by the network.

  Time now_{};                // Of the replies that are being parsed.
  bool wrong_value_ = false;  // Of the hit that is being parsed.
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_CONNECTION_H_
