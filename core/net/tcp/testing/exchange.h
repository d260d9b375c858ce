// Two hosts that hand segments to each other, with nothing between them: for
// what a segment costs.
//
// Cores: one. Ownership: a Pair owns its hosts. Blocks: never.
// Allocates: its outboxes. Units: bytes. Errors: failed checks.
#ifndef EBBRT_CORE_NET_TCP_TESTING_EXCHANGE_H_
#define EBBRT_CORE_NET_TCP_TESTING_EXCHANGE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"
#include "core/net/tcp/host.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/output.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp::testing {

// A host whose segments go to the other's inbox, as they are.
class Side final : public Output {
 public:
  Side(IpAddress address, uint32_t cut_bytes_max)
      : address_(address),
        cut_bytes_max_(cut_bytes_max),
        host_(Options{}, *this, HashKey{{1, 2}}) {}

  void Transmit(const OutgoingSegment& segment,
                const IOBufChain& payload) override {
    outbox_.push_back(
        {ParseTcpHeader(segment.header)->header, *payload.Clone()});
  }
  Path PathTo(const IpAddress&, const IpAddress&) override {
    return {.segment_bytes_max = 1460, .cut_bytes_max = cut_bytes_max_};
  }
  bool ArrivesHere(const Endpoint&, const Endpoint&) override { return true; }
  Time Now() override { return now; }
  void SetTimer(Time deadline) override { timer_ = deadline; }
  void Defer() override { ++deferred_; }

  // Hands over what was sent, as one burst; whether there was anything.
  bool DeliverTo(Side& other) {
    if (outbox_.empty()) return false;
    for (Segment& segment : outbox_) {
      other.host_.OnSegment(address_, other.address_, segment.header,
                            std::move(segment.payload), Ecn::kNotCapable, now);
    }
    outbox_.clear();
    other.host_.OnBurstEnd(now);
    return true;
  }
  void RunTimer() {
    if (timer_ <= now) {
      timer_ = kTimeNever;
      host_.OnTimer(now);
    }
    for (; deferred_ != 0; --deferred_) host_.RunDeferred();
  }

  Host& host() { return host_; }
  const IpAddress& address() const { return address_; }
  Time now{std::chrono::seconds(1)};

 private:
  struct Segment {
    TcpHeader header;
    IOBufChain payload;
  };
  const IpAddress address_;
  const uint32_t cut_bytes_max_;
  std::vector<Segment> outbox_;
  Time timer_ = kTimeNever;
  uint64_t deferred_ = 0;
  Host host_;
};

// Keeps the connection, and replies to each piece, if it has a reply.
struct EchoHandler final : TcpHandler {
  explicit EchoHandler(TcpConnection*& connection, const IOBuf* reply)
      : connection(connection), reply(reply) {}
  void OnConnected(TcpConnection& opened) override { connection = &opened; }
  void OnReceive(IOBufChain data) override {
    received += data.length();
    if (reply == nullptr) return;
    IOBufChain answer(reply->Clone());
    connection->Send(answer);
  }
  void OnPeerClosed() override {}
  void OnClosed(const absl::Status&) override { connection = nullptr; }
  TcpConnection*& connection;
  const IOBuf* reply;
  uint64_t received = 0;
};

// An open connection.
class Pair {
 public:
  Pair(const IOBuf* reply, uint32_t cut_bytes_max)
      : client(IpAddress::V4(10, 0, 0, 1), cut_bytes_max),
        server(IpAddress::V4(10, 0, 0, 2), cut_bytes_max) {
    const Endpoint listening = {server.address(), 80};
    EBBRT_CHECK(server.host()
                    .Listen(listening,
                            [=, this](const Endpoint&) {
                              return std::make_unique<EchoHandler>(
                                  server_connection, reply);
                            })
                    .ok());
    std::unique_ptr<TcpHandler> handler =
        std::make_unique<EchoHandler>(client_connection, nullptr);
    EBBRT_CHECK(
        client.host().Connect({client.address(), 0}, listening, handler).ok());
    Settle();
    EBBRT_CHECK(client_connection != nullptr && server_connection != nullptr);
  }

  // One exchange; whether anybody had anything to say.
  bool Turn() {
    bool moved = client.DeliverTo(server);
    moved = server.DeliverTo(client) || moved;
    client.now += std::chrono::microseconds(20);
    server.now = client.now;
    client.RunTimer();
    server.RunTimer();
    return moved;
  }
  void Settle() {
    while (Turn()) {
    }
  }

  // One request of these bytes, and its reply.
  void Request(const IOBuf& text) {
    IOBufChain request(text.Clone());
    client_connection->Send(request);
    Turn();
  }
  // As much of `data` as goes, and what comes back.
  void Stream(IOBufChain& data) {
    client_connection->Send(data);
    Turn();
  }

  Side client;
  Side server;
  TcpConnection* client_connection = nullptr;
  TcpConnection* server_connection = nullptr;
};

}  // namespace ebbrt::tcp::testing

#endif  // EBBRT_CORE_NET_TCP_TESTING_EXCHANGE_H_
