// Connection: one client, between its network connection and its requests.
//
// All responses to what arrived together are sent together. What the network
// does not take is queued; when that is too much, the client is not read from
// until it has taken its responses. A client that makes no progress at all, in
// either direction, is ended by its server after a while.
//
// Cores: its connection's. Ownership: the network's, as any TcpHandler.
// Blocks: no. Allocates: what its parser and the responder do.
// Bound: kQueuedBytesMax of responses, exceeded by one at most; the object
// itself kBytesMax.
// Errors: no memory for a response: the connection is aborted.
#ifndef EBBRT_APPS_HTTPD_CONNECTION_H_
#define EBBRT_APPS_HTTPD_CONNECTION_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "apps/httpd/request_parser.h"
#include "core/base/intrusive_queue.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/network.h"

namespace ebbrt::httpd {

class Server;

class Connection final : public TcpHandler, public ListLink {
 public:
  static constexpr size_t kBytesMax = 400;
  static constexpr size_t kQueuedBytesMax = 256 * kKiB;
  // After we have closed, so much more is read and dropped, so that the client
  // sees the response that says why; beyond it the connection is aborted.
  static constexpr size_t kDroppedBytesMax = 1 * kMiB;

  Connection(Server& server, const ParserLimits& limits)
      : server_(&server), parser_(limits) {}
  ~Connection() override;

  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override;
  void OnSendReady() override;
  void OnPeerClosed() override;
  void OnClosed(const absl::Status&) override { connection_ = nullptr; }

  // When it last had a request whole, or part of a response taken; in the
  // server's ticks.
  uint64_t progress_tick() const { return progress_tick_; }
  void set_progress_tick(uint64_t tick) { progress_tick_ = tick; }

  // It has made no progress for too long: ends it, and where there is a request
  // that never came to its end, says so.
  void OnTimeout();
  // Ends it at once.
  void Abort();
  // The server is gone before the connection.
  void Detach() { server_ = nullptr; }

 private:
  // Serves what has arrived, as far as responses may be queued.
  void Serve();
  // Queues a response; false if there is no more to be done with it.
  bool Answer(RequestParser::Event event);
  bool SendQueued();
  void CloseIfDone();

  Server* server_;
  TcpConnection* connection_ = nullptr;
  RequestParser parser_;
  IOBufChain input_;   // Arrived, not yet consumed.
  IOBufChain output_;  // To be sent, not yet taken by the network.
  uint64_t progress_tick_ = 0;
  uint32_t dropped_bytes_ = 0;
  bool stalled_ = false;      // The client is not read from.
  bool ending_ = false;       // There will be no further response.
  bool peer_closed_ = false;  // It will send no more.
  bool closed_ = false;       // We will not either.
};

static_assert(sizeof(Connection) <= Connection::kBytesMax);

}  // namespace ebbrt::httpd

#endif  // EBBRT_APPS_HTTPD_CONNECTION_H_
