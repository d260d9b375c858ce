// One connection of a client to the server, and the one operation that is
// under way on it. When it opens it learns which life of the server it has
// come to: each life gets a mark, an item that the first who comes adds.
//
// Cores: one, the connection's. Ownership: the network's, as any TcpHandler; an
// owner that has let go of it (Abandon) hears of it no more.
// Blocks: no. Allocates: buffers.
// Errors: whatever happens to it but replies is OnLost, told once.
#ifndef EBBRT_APPS_LINEARIZABILITY_SESSION_H_
#define EBBRT_APPS_LINEARIZABILITY_SESSION_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "apps/linearizability/history.h"
#include "apps/linearizability/requests.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/network.h"

namespace ebbrt::linearizability {

class Session final : public TcpHandler {
 public:
  class Owner {
   public:
    // It is open, to that life of the server.
    virtual void OnOpen(uint64_t life) = 0;
    virtual void OnReply(const Reply& reply) = 0;
    // The connection is of no use any more.
    virtual void OnLost(const absl::Status& why) = 0;

   protected:
    ~Owner() = default;
  };

  // `mark_name` is the mark's key; `mark` is its value if there is none yet.
  Session(Owner& owner, std::string mark_name, uint64_t mark);

  // Asks for an operation on the item of that name.
  void Ask(const Operation& operation, std::string_view key);
  // Ends the connection; the owner hears no more of it.
  void Abandon();

 private:
  void OnConnected(TcpConnection& connection) override;
  void OnReceive(IOBufChain data) override;
  void OnSendReady() override { connection_->Send(unsent_); }
  void OnPeerClosed() override;
  void OnClosed(const absl::Status& status) override;

  void Send(const std::string& text);
  void Answer(Action action, const Reply& reply);
  // The server has sent what is no reply.
  void Refuse();
  void Lose(const absl::Status& why);

  Owner* owner_;  // Null: it has let go.
  const std::string mark_name_;
  const uint64_t mark_;
  TcpConnection* connection_ = nullptr;
  bool is_marked_ = false;  // The life is known.
  std::deque<Action> asked_;
  std::string received_;  // Not a whole reply yet.
  IOBufChain unsent_;
};

}  // namespace ebbrt::linearizability

#endif  // EBBRT_APPS_LINEARIZABILITY_SESSION_H_
