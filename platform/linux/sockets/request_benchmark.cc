// What serving small requests costs: pipelined requests over loopback, as a
// key-value store gets them.
//
// The client is plain POSIX code on core 0, the server is on core 1. The time
// of an iteration is that of a round over all connections; the counter that
// matters is the server's processor time a request, of which the kernel's part
// of loopback TCP is most.
//
//   EBBRT_LINUX_EVENTS=epoll bazel-bin/.../request_benchmark
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "core/async/combinators.h"
#include "core/base/check.h"
#include "core/net/install_network.h"
#include "core/net/network.h"
#include "platform/linux/sockets/socket_address.h"

namespace ebbrt {
namespace {

constexpr size_t kRequestBytes = 48;
constexpr size_t kReplyBytes = 320;

class ReplyingHandler final : public TcpHandler {
 public:
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
  }
  void OnReceive(IOBufChain data) override {
    static constexpr std::byte kReply[kReplyBytes] = {};
    received_ += data.length();
    IOBufChain replies;
    for (; received_ >= kRequestBytes; received_ -= kRequestBytes) {
      replies.PushBack(IOBuf::Static(kReply));
    }
    connection_->Send(replies);
    EBBRT_CHECK(replies.empty());
  }
  void OnPeerClosed() override { connection_->Close(); }
  void OnClosed(const absl::Status&) override {}

 private:
  TcpConnection* connection_ = nullptr;
  size_t received_ = 0;
};

double ThreadSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) * 1e-9;
}

Endpoint Server() {
  static const Endpoint server = [] {
    EBBRT_CHECK(InstallNetwork("").ok());
    return *Async(CoreId(1), [] {
      return network->ListenTcp({kLoopbackV4, 0}, [](const Endpoint&) {
        return std::make_unique<ReplyingHandler>();
      });
    }).Block();
  }();
  return server;
}

double ServerSeconds() {
  return *Async(CoreId(1), [] { return ThreadSeconds(); }).Block();
}

int Connect(const Endpoint& server) {
  sockets::SocketAddress address(server);
  int descriptor = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  EBBRT_CHECK(connect(descriptor, address.get(), address.length()) == 0);
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return descriptor;
}

void BM_Requests(benchmark::State& state) {
  const auto depth = static_cast<size_t>(state.range(1));
  std::vector<int> connections;
  for (int64_t i = 0; i < state.range(0); ++i) {
    connections.push_back(Connect(Server()));
  }
  const std::string requests(depth * kRequestBytes, 'r');
  std::vector<char> replies(depth * kReplyBytes);
  auto send_to = [&](int connection) {
    EBBRT_CHECK(send(connection, requests.data(), requests.size(),
                     MSG_NOSIGNAL) == static_cast<ssize_t>(requests.size()));
  };
  for (int connection : connections) send_to(connection);
  const double before = ServerSeconds();
  for (auto _ : state) {
    for (int connection : connections) {
      EBBRT_CHECK(recv(connection, replies.data(), replies.size(),
                       MSG_WAITALL) == static_cast<ssize_t>(replies.size()));
      send_to(connection);
    }
  }
  const double served = static_cast<double>(state.iterations()) *
                        static_cast<double>(connections.size() * depth);
  state.SetItemsProcessed(static_cast<int64_t>(served));
  state.counters["server_ns"] = (ServerSeconds() - before) * 1e9 / served;
  for (int connection : connections) close(connection);
}
BENCHMARK(BM_Requests)
    ->ArgNames({"connections", "depth"})
    ->Args({1, 1})
    ->Args({16, 1})
    ->Args({16, 4})
    ->Args({16, 16})
    ->Args({64, 4})
    ->Args({256, 4})
    ->UseRealTime();

}  // namespace
}  // namespace ebbrt
