// What the engine costs: two hosts, one's segments the other's at once, without
// a network, a device or a loop between them.
//
// Of exact instruction counts valgrind tells:
//   valgrind --tool=callgrind --toggle-collect='ebbrt::tcp::Host::On*' ...
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/net/tcp/connection.h"
#include "core/net/tcp/host.h"

namespace ebbrt::tcp {
namespace {

constexpr Endpoint kServer = {IpAddress::V4(10, 0, 0, 1), 80};
constexpr IpAddress kClient = IpAddress::V4(10, 0, 0, 2);
constexpr size_t kMessageBytes = 100;
constexpr size_t kBulkBytes = 64 * kKiB;

// Both ends of everything, and the time between them.
class Pair {
 public:
  explicit Pair(const Path& path)
      : path_(path), server_(*this, 1), client_(*this, 2) {}

  Host& server() { return server_.host; }
  Host& client() { return client_.host; }
  TcpConnection*& accepted() { return accepted_; }
  TcpConnection*& opened() { return opened_; }
  size_t& received() { return received_; }

  // Until neither has anything to say.
  void Exchange() {
    while (!server_.sent.empty() || !client_.sent.empty()) {
      Pass(client_, server_, kClient, kServer.address);
      Pass(server_, client_, kServer.address, kClient);
    }
  }
  void Wait(Duration duration) {
    now_ += duration;
    for (Side* side : {&server_, &client_}) {
      if (side->deadline > now_) continue;
      side->deadline = kTimeNever;
      side->host.OnTimer(now_);
    }
    Exchange();
  }

 private:
  struct Segment {
    TcpHeader header;
    IOBufChain payload;
  };

  struct Side final : Output {
    Side(Pair& pair, uint64_t key)
        : pair(pair), host(Options(), *this, HashKey{{key, key}}) {}

    void Transmit(const OutgoingSegment& segment, IOBufChain payload) override {
      sent.push_back(
          {ParseTcpHeader(segment.header)->header, std::move(payload)});
    }
    Path PathTo(const IpAddress&, const IpAddress&) override {
      return pair.path_;
    }
    bool ArrivesHere(const Endpoint&, const Endpoint&) override { return true; }
    Time Now() override { return pair.now_; }
    void SetTimer(Time at) override { deadline = at; }
    void Defer() override { ++deferred; }

    Pair& pair;
    std::vector<Segment> sent;
    Time deadline = kTimeNever;
    uint64_t deferred = 0;
    Host host;
  };

  void Pass(Side& from, Side& to, const IpAddress& source,
            const IpAddress& destination) {
    arriving_.swap(from.sent);
    for (Segment& segment : arriving_) {
      to.host.OnSegment(source, destination, segment.header,
                        std::move(segment.payload), Ecn::kNotCapable, now_);
    }
    if (!arriving_.empty()) to.host.OnBurstEnd(now_);
    arriving_.clear();
    for (; to.deferred != 0; --to.deferred) to.host.RunDeferred();
  }

  const Path path_;
  Time now_{std::chrono::seconds(1)};
  Side server_;
  Side client_;
  std::vector<Segment> arriving_;
  TcpConnection* accepted_ = nullptr;
  TcpConnection* opened_ = nullptr;
  size_t received_ = 0;
};

// Remembers its connection, counts what comes, and answers it if it is to.
class Counter final : public TcpHandler {
 public:
  Counter(TcpConnection*& connection, size_t& received, const IOBuf* answer)
      : connection_(connection), received_(received), answer_(answer) {}

  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override {
    received_ += data.length();
    if (answer_ == nullptr) return;
    IOBufChain answer(answer_->Clone());
    connection_->Send(answer);
  }
  void OnPeerClosed() override { connection_->Close(); }
  void OnClosed(const absl::Status&) override {}

 private:
  TcpConnection*& connection_;
  size_t& received_;
  const IOBuf* const answer_;
};

void Listen(Pair& pair, const IOBuf* answer) {
  EBBRT_CHECK(pair.server()
                  .Listen(kServer,
                          [&pair, answer](const Endpoint&) {
                            return std::make_unique<Counter>(
                                pair.accepted(), pair.received(), answer);
                          })
                  .ok());
}

void Connect(Pair& pair) {
  std::unique_ptr<TcpHandler> handler =
      std::make_unique<Counter>(pair.opened(), pair.received(), nullptr);
  EBBRT_CHECK(
      pair.client().Connect({kClient, 0}, kServer, handler).ok());
  pair.Exchange();
}

// A request and its answer: two segments, which acknowledge each other.
void BM_RequestAndAnswer(benchmark::State& state) {
  Pair pair({.segment_bytes_max = 1460, .cut_bytes_max = 0});
  const std::unique_ptr<IOBuf> message =
      IOBuf::CopyOf(std::string(kMessageBytes, 'x'));
  Listen(pair, message.get());
  Connect(pair);
  for (auto _ : state) {
    IOBufChain request(message->Clone());
    pair.opened()->Send(request);
    pair.Exchange();
    pair.Wait(std::chrono::microseconds(10));
  }
  EBBRT_CHECK(pair.received() >= 2 * kMessageBytes * state.iterations());
  state.counters["segments"] = benchmark::Counter(
      static_cast<double>(pair.server().counters().segments_sent +
                          pair.client().counters().segments_sent),
      benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_RequestAndAnswer);

// A stream, in pieces of 64 KiB; the argument is what the device cuts.
void BM_Bulk(benchmark::State& state) {
  Pair pair({.segment_bytes_max = 1460,
             .cut_bytes_max = static_cast<uint32_t>(state.range(0))});
  const std::unique_ptr<IOBuf> bytes =
      IOBuf::CopyOf(std::string(kBulkBytes, 'x'));
  Listen(pair, nullptr);
  Connect(pair);
  for (auto _ : state) {
    IOBufChain data(bytes->Clone());
    while (!data.empty()) {
      pair.opened()->Send(data);
      pair.Exchange();
      pair.Wait(std::chrono::microseconds(10));
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(pair.received()));
  state.counters["segments"] = benchmark::Counter(
      static_cast<double>(pair.server().counters().segments_sent +
                          pair.client().counters().segments_sent),
      benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_Bulk)->Arg(0)->Arg(65000);

// Opened, and closed by both; TIME-WAIT fills and gives way.
void BM_OpenAndClose(benchmark::State& state) {
  Pair pair({.segment_bytes_max = 1460, .cut_bytes_max = 0});
  Listen(pair, nullptr);
  for (auto _ : state) {
    Connect(pair);
    pair.opened()->Close();
    pair.Exchange();
    pair.Wait(std::chrono::milliseconds(5));
  }
  EBBRT_CHECK(pair.server().counters().opened_passive ==
              static_cast<uint64_t>(state.iterations()));
  // What one takes while it is idle, but for its CongestionControl.
  state.counters["connection_bytes"] = sizeof(Connection);
}
BENCHMARK(BM_OpenAndClose);

}  // namespace
}  // namespace ebbrt::tcp
