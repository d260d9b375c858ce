// What a request costs the client, without a network: drawn, encoded, its reply
// parsed, its latency recorded. One iteration is a pipeline of kDepth requests.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>

#include "apps/loadgen/connection.h"
#include "apps/loadgen/etc_workload.h"
#include "apps/loadgen/measured_job.h"
#include "core/buf/iobuf.h"
#include "platform/current.h"

namespace ebbrt::loadgen {
namespace {

constexpr uint32_t kDepth = 4;
constexpr size_t kValueBytes = 200;

// Takes everything, at once.
class Sink final : public TcpConnection {
 public:
  size_t Send(IOBufChain& data) override {
    size_t length = data.length();
    data.Clear();
    return length;
  }
  size_t SendWindow() const override { return 1 << 20; }
  void SetReceiveWindow(size_t) override {}
  void Close() override {}
  void Abort() override {}
  const Endpoint& local() const override { return endpoint_; }
  const Endpoint& remote() const override { return endpoint_; }

 private:
  Endpoint endpoint_;
};

// As the driver does it.
class Owner final : public Connection::Owner {
 public:
  explicit Owner(Job& job) : job_(job) {}
  void OnOpen(Connection&) override {}
  void OnResult(Connection&, const Request& request, Result result,
                Time now) override {
    job_.OnResult(request, result, now);
  }
  void OnReplies(Connection& connection, size_t bytes, Time now) override {
    job_.OnReceived(bytes, now);
    Request request;
    while (connection.HasRoom() && job_.Next(now, request)) {
      connection.Enqueue(request);
    }
    connection.Flush();
  }
  void OnSent(size_t bytes) override { job_.OnSent(bytes); }
  void OnLost(Connection&, const absl::Status&) override {}

 private:
  Job& job_;
};

// The replies to the requests numbered from `first` on: hits.
std::string Replies(Protocol protocol, uint32_t first) {
  std::string replies;
  for (uint32_t i = 0; i < kDepth; ++i) {
    if (protocol == Protocol::kText) {
      replies += "VALUE 0000000000000000000000000000001 0 " +
                 std::to_string(kValueBytes) + "\r\n" +
                 std::string(kValueBytes, 'v') + "\r\nEND\r\n";
      continue;
    }
    std::string reply(24 + 4 + kValueBytes, '\0');
    reply[0] = '\x81';
    reply[4] = 4;
    reply[11] = static_cast<char>(4 + kValueBytes);
    for (int byte = 0; byte < 4; ++byte) {
      reply[12 + byte] = static_cast<char>((first + i) >> (24 - 8 * byte));
    }
    replies += reply;
  }
  return replies;
}

void BM_Pipeline(benchmark::State& state, Protocol protocol) {
  Workload workload({.records = 10'000, .set_fraction = 0});
  RequestWriter writer;
  Random random(1);
  Time now = Platform::Now();
  ClosedLoopJob job(workload, {now, now + std::chrono::hours(24)}, random);
  Owner owner(job);
  Sink sink;
  Connection connection(owner, 0, {protocol, kDepth, false}, workload, writer);
  TcpHandler& handler = connection;
  handler.OnConnected(sink);
  owner.OnReplies(connection, 0, now);
  // The opaque of each reply has to be right; patching it is not measured with
  // more than a few instructions.
  std::string replies = Replies(protocol, 0);
  const size_t reply_bytes = replies.size() / kDepth;
  uint32_t next = 0;
  for (auto _ : state) {
    if (protocol == Protocol::kBinary) {
      for (uint32_t i = 0; i < kDepth; ++i) {
        uint32_t opaque = __builtin_bswap32(next++);
        std::memcpy(&replies[i * reply_bytes + 12], &opaque, sizeof(opaque));
      }
    }
    handler.OnReceive(IOBufChain(IOBuf::Static(replies)));
  }
  state.SetItemsProcessed(state.iterations() * kDepth);
  if (job.measurement().hits < uint64_t{kDepth} * (state.iterations() - 1)) {
    state.SkipWithError("replies were not taken for hits");
  }
}
BENCHMARK_CAPTURE(BM_Pipeline, binary, Protocol::kBinary);
BENCHMARK_CAPTURE(BM_Pipeline, text, Protocol::kText);

}  // namespace
}  // namespace ebbrt::loadgen
