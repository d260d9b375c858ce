// What a segment costs in a connection that is open: a request and its reply,
// and a stream, between two hosts that hand segments to each other.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "core/base/check.h"
#include "core/net/tcp/host.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/output.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp {
namespace {

// A host whose segments go to the other's inbox, as they are.
class Side final : public Output {
 public:
  Side(IpAddress address, uint32_t cut_bytes_max)
      : address_(address),
        cut_bytes_max_(cut_bytes_max),
        host_(Options{}, *this, HashKey{{1, 2}}) {}

  void Transmit(const OutgoingSegment& segment, IOBufChain payload) override {
    outbox_.push_back(
        {ParseTcpHeader(segment.header)->header, std::move(payload)});
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
    while (!outbox_.empty()) {
      Segment segment = std::move(outbox_.front());
      outbox_.pop_front();
      other.host_.OnSegment(address_, other.address_, segment.header,
                            std::move(segment.payload), Ecn::kNotCapable, now);
    }
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
  std::deque<Segment> outbox_;
  Time timer_ = kTimeNever;
  uint64_t deferred_ = 0;
  Host host_;
};

struct Handler final : TcpHandler {
  explicit Handler(TcpConnection*& connection, const IOBuf* reply)
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
                              return std::make_unique<Handler>(
                                  server_connection, reply);
                            })
                    .ok());
    std::unique_ptr<TcpHandler> handler =
        std::make_unique<Handler>(client_connection, nullptr);
    EBBRT_CHECK(
        client.host().Connect({client.address(), 0}, listening, handler).ok());
    Settle();
    EBBRT_CHECK(client_connection != nullptr && server_connection != nullptr);
  }

  // Until nobody has anything to say.
  void Settle() {
    bool moved = true;
    while (moved) {
      client.now += std::chrono::microseconds(20);
      server.now = client.now;
      moved = client.DeliverTo(server);
      moved = server.DeliverTo(client) || moved;
      client.RunTimer();
      server.RunTimer();
    }
  }

  Side client;
  Side server;
  TcpConnection* client_connection = nullptr;
  TcpConnection* server_connection = nullptr;
};

// A request of 64 bytes and its reply, which acknowledge each other.
void BM_RequestAndReply(benchmark::State& state) {
  std::unique_ptr<IOBuf> text = IOBuf::Create(64);
  text->Append(64);
  Pair pair(text.get(), 0);
  const uint64_t before = pair.client.host().counters().segments_sent +
                          pair.server.host().counters().segments_sent;
  for (auto _ : state) {
    IOBufChain request(text->Clone());
    pair.client_connection->Send(request);
    pair.client.DeliverTo(pair.server);
    pair.server.DeliverTo(pair.client);
    pair.client.now += std::chrono::microseconds(20);
    pair.server.now = pair.client.now;
    pair.client.RunTimer();
    pair.server.RunTimer();
  }
  const uint64_t after = pair.client.host().counters().segments_sent +
                         pair.server.host().counters().segments_sent;
  state.counters["segments"] = benchmark::Counter(
      static_cast<double>(after - before), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_RequestAndReply);

// A stream, of segments on the wire or of what a device cuts.
void BM_Stream(benchmark::State& state) {
  constexpr size_t kBytes = 14480;
  std::unique_ptr<IOBuf> text = IOBuf::Create(kBytes);
  text->Append(kBytes);
  Pair pair(nullptr, static_cast<uint32_t>(state.range(0)));
  IOBufChain data;
  for (auto _ : state) {
    if (data.empty()) data = IOBufChain(text->Clone());
    while (!data.empty()) {
      pair.client_connection->Send(data);
      pair.client.DeliverTo(pair.server);
      pair.server.DeliverTo(pair.client);
      pair.client.now += std::chrono::microseconds(20);
      pair.server.now = pair.client.now;
      pair.client.RunTimer();
      pair.server.RunTimer();
    }
  }
  state.SetBytesProcessed(
      static_cast<int64_t>(static_cast<size_t>(state.iterations()) * kBytes));
  state.counters["segments"] = benchmark::Counter(
      static_cast<double>(pair.client.host().counters().segments_sent),
      benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_Stream)->Arg(0)->Arg(14480);

}  // namespace
}  // namespace ebbrt::tcp
