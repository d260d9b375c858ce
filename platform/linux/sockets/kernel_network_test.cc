// The network on kernel sockets against plain POSIX sockets: what peers that
// are not ours do to it. What it promises to applications is tested by
// core/net/network_test.cc.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/base/types.h"
#include "core/net/install_network.h"
#include "core/net/network.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"
#include "platform/linux/sockets/receive_pool.h"
#include "platform/linux/sockets/socket_address.h"

namespace ebbrt::sockets {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void RunWithNetwork(uint32_t core_count, std::function<void()> test) {
  testing::RunOnCores(core_count, [test = std::move(test)] {
    ASSERT_TRUE(InstallNetwork("sockets").ok());
    test();
  });
}

[[nodiscard]] bool Await(const std::function<bool()>& condition) {
  Time until = Platform::Now() + seconds(10);
  while (!condition() && Platform::Now() < until) {
    if (!Delay(milliseconds(1)).Block().ok()) return false;
  }
  return condition();
}

// A peer with a socket of its own, in blocking mode with a time limit.
class Peer {
 public:
  Peer() = default;
  explicit Peer(const Endpoint& to) {
    SocketAddress address(to);
    socket_ = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(socket_, address.get(), address.length()), 0);
    const timeval limit = {.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  ~Peer() { Close(); }
  Peer(Peer&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Peer& operator=(Peer&& other) noexcept {
    std::swap(socket_, other.socket_);
    return *this;
  }

  void Send(std::string_view text) {
    EXPECT_EQ(send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Until the end of the stream, an error, or that many bytes.
  std::string Receive(size_t bytes = ~size_t{0}) {
    std::string all;
    std::array<char, 65536> part;
    while (all.size() < bytes) {
      size_t wanted = std::min(part.size(), bytes - all.size());
      ssize_t length = recv(socket_, part.data(), wanted, 0);
      error_ = length < 0 ? errno : 0;
      if (length <= 0) break;
      all.append(part.data(), static_cast<size_t>(length));
    }
    return all;
  }
  // Of the last Receive.
  int error() const { return error_; }
  void EndSending() { shutdown(socket_, SHUT_WR); }
  void Close() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
  }
  void Reset() {
    const linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    Close();
  }

 private:
  int socket_ = -1;
  int error_ = 0;
};

// What happened to the connections that a handler is for.
struct Log {
  // The last one, until it is closed.
  TcpConnection* connection = nullptr;
  std::string received = {};
  std::vector<IOBufChain> kept = {};
  bool keep = false;
  bool echo = false;
  bool peer_closed = false;
  bool close_with_peer = true;
  int closed = 0;
  absl::Status status = {};
};

class LoggingHandler final : public TcpHandler {
 public:
  explicit LoggingHandler(Log& log) : log_(log) {}
  void OnConnected(TcpConnection& connection) override {
    connection_ = log_.connection = &connection;
  }
  void OnReceive(IOBufChain data) override {
    log_.received += data.ToString();
    if (log_.echo) connection_->Send(data);
    if (log_.keep) log_.kept.push_back(std::move(data));
  }
  void OnPeerClosed() override {
    log_.peer_closed = true;
    if (log_.close_with_peer) connection_->Close();
  }
  void OnClosed(const absl::Status& status) override {
    log_.connection = nullptr;
    log_.status = status;
    ++log_.closed;
  }

 private:
  Log& log_;
  TcpConnection* connection_ = nullptr;
};

Endpoint Listen(Log& log) {
  absl::StatusOr<Endpoint> bound =
      network->ListenTcp({kLoopbackV4, 0}, [&log](const Endpoint&) {
        return std::make_unique<LoggingHandler>(log);
      });
  EXPECT_TRUE(bound.ok()) << bound.status();
  return *bound;
}

// Runs plain blocking code on a thread of its own, and waits as an event does.
void OnAThread(std::function<void()> code) {
  std::atomic<bool> done = false;
  std::thread thread([&] {
    code();
    done = true;
  });
  EXPECT_TRUE(Await([&] { return done.load(); }));
  thread.join();
}

// Comes first, while the heap has nothing to reuse.

// Bytes of this process's memory that are in use.
size_t ResidentBytes() {
  std::ifstream status("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  status >> total >> resident;
  return resident * Platform::kPageBytes;
}

TEST(KernelNetwork, AnIdleConnectionCostsLittleMemory) {
  RunWithNetwork(1, [] {
    constexpr size_t kConnections = 4000;
    rlimit limit;
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * kConnections + 100) {
      GTEST_SKIP() << "only " << limit.rlim_cur << " descriptors";
    }
    Log log = {.echo = true};
    Endpoint server = Listen(log);
    std::vector<Peer> peers;
    peers.reserve(kConnections);
    size_t before = ResidentBytes();
    // Each has been used once, as real ones have.
    OnAThread([&] {
      for (size_t i = 0; i < kConnections; ++i) {
        peers.emplace_back(server);
        peers.back().Send("hello");
        EXPECT_EQ(peers.back().Receive(5), "hello");
      }
    });
    size_t each = (ResidentBytes() - before) / kConnections;
    RecordProperty("bytes_a_connection", static_cast<int>(each));
    EXPECT_LT(each, 4096u);
    OnAThread([&] { peers.clear(); });
    EXPECT_TRUE(Await([&] {
      return log.closed == static_cast<int>(kConnections);
    }));
  });
}

// That this thread has used.
Duration ProcessorTime() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return seconds(time.tv_sec) + Duration(time.tv_nsec);
}

TEST(KernelNetwork, TakesAByteAtATime) {
  RunWithNetwork(1, [] {
    Log log = {.echo = true};
    Endpoint server = Listen(log);
    OnAThread([&] {
      Peer peer(server);
      for (char letter : std::string_view("abcdefghij")) {
        peer.Send(std::string(1, letter));
        EXPECT_EQ(peer.Receive(1), std::string(1, letter));
      }
      peer.EndSending();
      EXPECT_EQ(peer.Receive(), "");
      EXPECT_EQ(peer.error(), 0);
    });
    ASSERT_TRUE(Await([&] { return log.closed == 1; }));
    EXPECT_TRUE(log.status.ok()) << log.status;
    EXPECT_EQ(log.received, "abcdefghij");
  });
}

TEST(KernelNetwork, SurvivesAResetAtEveryStage) {
  RunWithNetwork(1, [] {
    for (int stage = 0; stage < 5; ++stage) {
      SCOPED_TRACE(stage);
      Log log = {.close_with_peer = false};
      Endpoint server = Listen(log);
      Peer peer;
      OnAThread([&] { peer = Peer(server); });
      ASSERT_TRUE(Await([&] { return log.connection != nullptr; }));
      IOBufChain data(IOBuf::CopyOf(std::string(16 * kMiB, 'x')));
      switch (stage) {
        case 0:  // Nothing has been sent.
          break;
        case 1:  // In the middle of a stream to us.
          peer.Send("text");
          break;
        case 2:  // While it does not read and we have more.
          log.connection->Send(data);
          ASSERT_TRUE(Delay(milliseconds(20)).Block().ok());
          break;
        case 3:  // While we do not read.
          log.connection->SetReceiveWindow(0);
          peer.Send("text");
          ASSERT_TRUE(Delay(milliseconds(20)).Block().ok());
          break;
        case 4:  // After we have closed.
          log.connection->Close();
          ASSERT_TRUE(Delay(milliseconds(20)).Block().ok());
          break;
      }
      peer.Reset();
      ASSERT_TRUE(Await([&] { return log.closed != 0; }));
      EXPECT_EQ(log.status.code(), absl::StatusCode::kUnavailable)
          << log.status;
      EXPECT_EQ(log.closed, 1);
      network->StopListeningTcp(server);
    }
  });
}

TEST(KernelNetwork, AbortSendsAReset) {
  RunWithNetwork(1, [] {
    Log log;
    Endpoint server = Listen(log);
    Peer peer;
    OnAThread([&] { peer = Peer(server); });
    ASSERT_TRUE(Await([&] { return log.connection != nullptr; }));
    log.connection->Abort();
    OnAThread([&] {
      EXPECT_EQ(peer.Receive(), "");
      EXPECT_EQ(peer.error(), ECONNRESET);
    });
    EXPECT_TRUE(Await([&] { return log.closed == 1; }));
  });
}

TEST(KernelNetwork, AListenerWillNotShareWithAnotherProgram) {
  RunWithNetwork(1, [] {
    Log log;
    Endpoint server = Listen(log);
    // One that is willing to share.
    SocketAddress address(server);
    int other = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    EXPECT_NE(bind(other, address.get(), address.length()), 0);
    network->StopListeningTcp(server);
    ASSERT_TRUE(Delay(milliseconds(5)).Block().ok());
    setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    ASSERT_EQ(bind(other, address.get(), address.length()), 0);
    ASSERT_EQ(listen(other, 1), 0);
    // Now it is we who come second.
    absl::StatusOr<Endpoint> taken = network->ListenTcp(
        server, [](const Endpoint&) { return nullptr; });
    EXPECT_EQ(taken.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_NE(std::string(taken.status().message()).find(server.ToString()),
              std::string::npos);
    close(other);
  });
}

TEST(KernelNetwork, ListensAgainAtOnce) {
  Endpoint server;
  for (int run = 0; run < 3; ++run) {
    RunWithNetwork(2, [&server] {
      absl::StatusOr<Endpoint> bound =
          ListenTcpOnAllCores({kLoopbackV4, server.port}, [](const Endpoint&) {
            return nullptr;
          }).Block();
      ASSERT_TRUE(bound.ok()) << bound.status();
      server = *bound;
      // What is open when the node ends must not stand in its way either.
      Log log;
      network->ConnectTcp(server, std::make_unique<LoggingHandler>(log));
      EXPECT_TRUE(Await([&] { return log.closed == 1; }));
    });
  }
}

TEST(KernelNetwork, SpreadsConnectionsEvenly) {
  RunWithNetwork(3, [] {
    constexpr int kConnections = 30;
    std::atomic<int> connections[3] = {};
    class Handler final : public TcpHandler {
     public:
      explicit Handler(std::atomic<int>* connections) : count_(connections) {}
      void OnConnected(TcpConnection& connection) override {
        connection_ = &connection;
        ++count_[Platform::CurrentCore().index()];
      }
      void OnReceive(IOBufChain) override {}
      void OnPeerClosed() override { connection_->Close(); }
      void OnClosed(const absl::Status&) override {
        --count_[Platform::CurrentCore().index()];
      }

     private:
      std::atomic<int>* const count_;
      TcpConnection* connection_ = nullptr;
    };
    absl::StatusOr<Endpoint> server =
        ListenTcpOnAllCores({kLoopbackV4, 0}, [&connections](const Endpoint&) {
          return std::make_unique<Handler>(connections);
        }).Block();
    ASSERT_TRUE(server.ok());
    auto all_have = [&](int each) {
      return connections[0] == each && connections[1] == each &&
             connections[2] == each;
    };
    // The second time, those of the first are gone and must not count.
    for (int round = 0; round < 2; ++round) {
      std::vector<Peer> peers;
      OnAThread([&] {
        for (int i = 0; i < kConnections; ++i) peers.emplace_back(*server);
      });
      EXPECT_TRUE(Await([&] { return all_have(kConnections / 3); }))
          << connections[0] << " " << connections[1] << " " << connections[2];
      peers.clear();
      EXPECT_TRUE(Await([&] { return all_have(0); }));
      ASSERT_TRUE(Delay(milliseconds(20)).Block().ok());
    }
  });
}

TEST(KernelNetwork, WaitsWhereDescriptorsRunOut) {
  RunWithNetwork(1, [] {
    Log log;
    Endpoint server = Listen(log);
    std::vector<Peer> peers;
    rlimit usual;
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
    // The peers take theirs first; none are left for the other ends.
    SocketAddress address(server);
    int waiting = socket(address.family(),
                         SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    rlimit none = usual;
    none.rlim_cur = static_cast<rlim_t>(waiting) + 1;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    ASSERT_TRUE(connect(waiting, address.get(), address.length()) == 0 ||
                errno == EINPROGRESS);
    Duration used_before = ProcessorTime();
    ASSERT_TRUE(Delay(milliseconds(500)).Block().ok());
    EXPECT_EQ(log.connection, nullptr);
    EXPECT_LT(ProcessorTime() - used_before, milliseconds(100)) << "it spins";
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
    EXPECT_TRUE(Await([&] { return log.connection != nullptr; }));
    close(waiting);
    EXPECT_TRUE(Await([&] { return log.closed == 1; }));
  });
}

TEST(KernelNetwork, KeptBuffersDoNotStarveOthers) {
  RunWithNetwork(1, [] {
    Log keeper = {.keep = true};
    Log other = {.echo = true};
    Endpoint keeping = Listen(keeper);
    Endpoint echoing = Listen(other);
    constexpr size_t kMessages = 4 * ReceivePool::kBuffers;
    std::string expected;
    OnAThread([&] {
      Peer peer(keeping);
      Peer second(echoing);
      for (size_t i = 0; i < kMessages; ++i) {
        std::string text = "message " + std::to_string(i);
        expected += text;
        peer.Send(text);
        // It has been received once another connection, that is served after
        // it, has answered.
        second.Send(".");
        EXPECT_EQ(second.Receive(1), ".");
      }
    });
    ASSERT_TRUE(Await([&] { return keeper.closed == 1; }));
    EXPECT_EQ(keeper.received, expected);
    EXPECT_GT(keeper.kept.size(), ReceivePool::kBuffers);
    std::string kept;
    for (const IOBufChain& data : keeper.kept) kept += data.ToString();
    EXPECT_EQ(kept, expected);
    EXPECT_TRUE(Await([&] { return other.closed == 1; }));
  });
}

TEST(KernelNetwork, BuffersMayBeLetGoElsewhere) {
  RunWithNetwork(2, [] {
    Log log = {.keep = true};
    Endpoint server = Listen(log);
    constexpr size_t kRounds = 3 * ReceivePool::kBuffers;
    std::string expected(kRounds, 'x');
    std::atomic<bool> done = false;
    std::thread thread([&] {
      Peer peer(server);
      for (size_t i = 0; i < kRounds; ++i) {
        peer.Send("x");
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
      done = true;
    });
    while (!done) {
      std::vector<IOBufChain> kept = std::move(log.kept);
      log.kept.clear();
      SpawnOn(CoreId(1), [kept = std::move(kept)] {});
      ASSERT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
    thread.join();
    EXPECT_TRUE(Await([&] { return log.closed == 1; }));
    EXPECT_EQ(log.received, expected);
  });
}

// Views of received bytes may be held longer than the node lives.
TEST(KernelNetwork, BuffersOutliveTheNode) {
  Log log = {.keep = true};
  RunWithNetwork(1, [&log] {
    Endpoint server = Listen(log);
    OnAThread([&] { Peer(server).Send("kept"); });
    ASSERT_TRUE(Await([&] { return log.closed == 1; }));
  });
  ASSERT_EQ(log.kept.size(), 1u);
  EXPECT_EQ(log.kept[0].ToString(), "kept");
}

}  // namespace
}  // namespace ebbrt::sockets
