// Connection: one client, between its network connection and its session.
//
// All replies to what arrived together are sent together. What the network
// does not take is queued; when that is too much, the client is not read from
// until it has taken its replies, so a client that does not read costs a
// bounded amount and holds up nobody else.
//
// Cores: its connection's. Ownership: the network's, as any TcpHandler.
// Blocks: no. Allocates: what replies and sessions do.
// Bound: kQueuedBytesMax of replies, exceeded by one batch at most; the object
// itself kBytesMax, as ten thousand of them may be idle.
// Errors: no memory for a reply: the connection is aborted.
#ifndef EBBRT_APPS_MEMCACHED_CONNECTION_H_
#define EBBRT_APPS_MEMCACHED_CONNECTION_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "apps/memcached/server_state.h"
#include "apps/memcached/session.h"
#include "core/base/intrusive_queue.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/network.h"

namespace ebbrt::memcached {

class Server;

class Connection final : public TcpHandler, public ListLink {
 public:
  static constexpr size_t kBytesMax = 300;
  static constexpr size_t kQueuedBytesMax = 256 * kKiB;
  // After we have closed, so much more is read and dropped, so that the client
  // sees the reply that says why; beyond it the connection is aborted.
  static constexpr size_t kDroppedBytesMax = 1 * kMiB;

  explicit Connection(Server& server) : server_(&server) {}
  ~Connection() override;

  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override;
  void OnSendReady() override;
  void OnPeerClosed() override;
  void OnClosed(const absl::Status& status) override { connection_ = nullptr; }

  // Ends it at once.
  void Abort();
  // The server is gone before the connection.
  void Detach() { server_ = nullptr; }

 private:
  // Serves what has arrived, as far as replies may be queued.
  void Serve();
  // Sends the batch; false if there is no more to be done with the connection.
  bool Flush(Reply& reply);
  bool SendQueued();
  void CloseIfDone();

  Server* server_;
  TcpConnection* connection_ = nullptr;
  Session session_;
  IOBufChain input_;   // Arrived, not yet consumed.
  IOBufChain output_;  // Replied, not yet taken by the network.
  uint32_t dropped_bytes_ = 0;
  bool stalled_ = false;      // The client is not read from.
  bool peer_closed_ = false;  // It will send no more.
  bool closed_ = false;       // We will not either.
};

static_assert(sizeof(Connection) <= Connection::kBytesMax);

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_CONNECTION_H_
