// Our own stack against the kernel's: over a TAP device, and over a packet
// socket at one end of a virtual wire.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "core/async/combinators.h"
#include "core/ebb/ebb_id.h"
#include "core/net/install_network.h"
#include "core/net/ip/interface.h"
#include "core/net/network_testing.h"
#include "core/net/stack/stack_network.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/checksum.h"
#include "core/net/wire/icmp.h"
#include "core/testing/run_on_cores.h"
#include "platform/linux/nic/packet_socket.h"
#include "platform/linux/nic/tap.h"

namespace ebbrt::nic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Await;
using testing::Bytes;
using testing::End;
using testing::Pattern;
using testing::RecordingHandler;
using testing::RunOnCores;
using testing::Sender;

constexpr Ipv4Address kKernel{10, 9, 0, 1};
constexpr Ipv4Address kOurs{10, 9, 0, 2};

enum class Kind { kTap, kPacketSocket };

struct Node {
  EbbRef<ip::Interface> interface;
  EbbRef<Network> stack;
};

void Shell(const char* command) { ASSERT_EQ(std::system(command), 0); }

absl::StatusOr<std::unique_ptr<Nic>> MakeNic(Kind kind, uint32_t queue_count) {
  if (kind == Kind::kTap) {
    auto tap = OpenTap(
        {.device = "ebbrt1", .queue_count = queue_count, .address = {}});
    Shell("ip address add 10.9.0.1/24 dev ebbrt1 && ip link set ebbrt1 up");
    return tap;
  }
  Shell("ip link add ebbrt0 type veth peer name ebbrt1 && "
        "ip address add 10.9.0.1/24 dev ebbrt1 && "
        "ip link set ebbrt0 up && ip link set ebbrt1 up");
  return OpenPacketSocket(
      {.device = "ebbrt0", .queue_count = queue_count, .address = {}});
}

class NicTest : public ::testing::TestWithParam<Kind> {
 protected:
  // The node's kernel network is `network`; ours is in the Node.
  void Run(uint32_t core_count, std::function<void(Node&)> test) {
    // The cores' threads, which are made later, are in the same namespace.
    if (unshare(CLONE_NEWNET) != 0 ||
        access("/dev/net/tun", R_OK | W_OK) != 0) {
      GTEST_SKIP() << "no right to make network namespaces and devices";
    }
    const Kind kind = GetParam();
    RunOnCores(core_count, [core_count, kind, test = std::move(test)] {
      ASSERT_TRUE(InstallNetwork("sockets").ok());
      auto nic = MakeNic(kind, core_count);
      ASSERT_TRUE(nic.ok()) << nic.status();
      Node node;
      node.interface =
          *ip::Interface::Create(
               *std::move(nic),
               {.address = kOurs, .prefix_bits = 24, .gateway = {}},
               testing::Seed())
               .Block();
      node.stack = *StackNetwork::Create(EbbId(kFirstApplicationEbb),
                                         node.interface, {},
                                         {.words = {testing::Seed(), 7}})
                        .Block();
      test(node);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, NicTest,
                         ::testing::Values(Kind::kTap, Kind::kPacketSocket),
                         [](const auto& info) -> std::string {
                           return info.param == Kind::kTap ? "Tap"
                                                           : "PacketSocket";
                         });

// What `ping` does: whether the kernel gets an answer with the same bytes.
bool PingFromKernel(size_t bytes) {
  const int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  const timeval timeout = {.tv_sec = 5, .tv_usec = 0};
  setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  std::string message(kIcmpHeaderBytes + bytes, 'p');
  auto* at = reinterpret_cast<std::byte*>(message.data());
  WriteIcmp({.type = IcmpType::kEchoRequest, .code = 0, .rest = 0x12340001},
            at);
  StoreBig(at + kIcmpChecksumOffset,
           InternetChecksum({at, message.size()}));
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(kOurs.value());
  bool answered = sendto(raw, message.data(), message.size(), 0,
                         reinterpret_cast<sockaddr*>(&to), sizeof(to)) > 0;
  std::string answer(65536, '\0');
  const ssize_t received = recv(raw, answer.data(), answer.size(), 0);
  answered = answered && received > 0 &&
             answer.substr(kIpv4HeaderBytes + kIcmpHeaderBytes, bytes) ==
                 message.substr(kIcmpHeaderBytes);
  close(raw);
  return answered;
}

TEST_P(NicTest, TheKernelIsAnswered) {
  for (uint32_t cores : {1, 2}) {
    Run(cores, [](Node&) {
      for (size_t bytes : {0, 56, 1472, 1473, 60000}) {
        std::atomic<int> answered{-1};
        std::thread ping([&] { answered = PingFromKernel(bytes); });
        EXPECT_TRUE(Await([&] { return answered != -1; }));
        ping.join();
        EXPECT_EQ(answered, 1) << bytes;
      }
    });
  }
}

TEST_P(NicTest, TheKernelAnswers) {
  Run(1, [](Node& node) {
    for (size_t bytes : {0, 56, 1472, 1473, 60000}) {
      auto time = node.interface->Ping(kKernel, bytes, seconds(5)).Block();
      EXPECT_TRUE(time.ok()) << time.status() << " " << bytes;
    }
  });
}

TEST_P(NicTest, CarriesDatagrams) {
  Run(1, [](Node& node) {
    std::string answer;
    std::unique_ptr<UdpSocket> server;
    auto opened = node.stack->OpenUdp(
        {kOurs.ToIpAddress(), 7}, [&](const Endpoint& from, IOBufChain data) {
          EXPECT_TRUE(server->SendTo(from, std::move(data)).ok());
        });
    ASSERT_TRUE(opened.ok());
    server = *std::move(opened);
    auto client = network->OpenUdp(
        {kKernel.ToIpAddress(), 0},
        [&](const Endpoint&, IOBufChain data) { answer = data.ToString(); });
    ASSERT_TRUE(client.ok());
    for (size_t bytes : {1, 100, 1472, 1473, 20000, 65507}) {
      answer.clear();
      ASSERT_TRUE(
          (*client)->SendTo(server->local(), Bytes(Pattern(1, 0, bytes))).ok());
      ASSERT_TRUE(Await([&] { return !answer.empty(); })) << bytes;
      EXPECT_TRUE(answer == Pattern(1, 0, bytes)) << bytes;
    }
  });
}

// A stream from one network to the other, compared byte by byte.
void Transfer(Network& from, Network& to, Ipv4Address address, size_t bytes) {
  End server;
  End client;
  server.on_peer_closed = [&] { server.connection->Close(); };
  Sender sender = {.end = client, .rest = {}, .close_after = true};
  client.on_connected = [&] { sender.Start(Bytes(Pattern(9, 0, bytes))); };
  auto listening = to.ListenTcp(
      {address.ToIpAddress(), 0}, [&server](const Endpoint&) {
        return std::make_unique<RecordingHandler>(server);
      });
  ASSERT_TRUE(listening.ok()) << listening.status();
  from.ConnectTcp(*listening, std::make_unique<RecordingHandler>(client));
  ASSERT_TRUE(Await([&] { return server.destroyed && client.destroyed; }));
  EXPECT_TRUE(server.status.ok()) << server.status;
  EXPECT_TRUE(client.status.ok()) << client.status;
  EXPECT_TRUE(server.received == Pattern(9, 0, bytes));
}

TEST_P(NicTest, CarriesAStreamFromTheKernel) {
  Run(1, [](Node& node) {
    Transfer(*network, *node.stack, kOurs, 20 * kMiB);
  });
}

TEST_P(NicTest, CarriesAStreamToTheKernel) {
  Run(1, [](Node& node) {
    Transfer(*node.stack, *network, kKernel, 20 * kMiB);
  });
}

// A connection between the networks on which nothing is said.
struct Idle {
  Idle(Network& from, Network& to, Ipv4Address address) {
    auto listening = to.ListenTcp(
        {address.ToIpAddress(), 0}, [this](const Endpoint&) {
          return std::make_unique<RecordingHandler>(server);
        });
    EXPECT_TRUE(listening.ok()) << listening.status();
    from.ConnectTcp(*listening, std::make_unique<RecordingHandler>(client));
    EXPECT_TRUE(Await([this] {
      return client.connection != nullptr && server.connection != nullptr;
    }));
  }
  ~Idle() {
    for (End* end : {&server, &client}) {
      if (end->connection != nullptr) end->connection->Abort();
      EXPECT_TRUE(Await([end] { return end->destroyed; }));
    }
  }
  End server;
  End client;
};

TEST_P(NicTest, WeAskTheKernelWhetherItIsThere) {
  Run(1, [](Node& node) {
    Idle idle(*node.stack, *network, kKernel);
    idle.client.connection->SetKeepAlive(
        {{.idle = milliseconds(100), .probes = 3, .interval = seconds(1)}});
    const auto& counters = static_cast<StackNetwork&>(*node.stack).tcp()
                               .counters();
    ASSERT_TRUE(Await([&] { return counters.keep_alives_sent >= 5; }));
    EXPECT_EQ(counters.keep_alives_failed, 0u);
    EXPECT_FALSE(idle.client.closed);
  });
}

TEST_P(NicTest, TheKernelAsksWhetherWeAreThere) {
  Run(1, [](Node& node) {
    Idle idle(*network, *node.stack, kOurs);
    idle.client.connection->SetKeepAlive(
        {{.idle = milliseconds(100), .probes = 2, .interval = seconds(1)}});
    const auto& counters = static_cast<StackNetwork&>(*node.stack).tcp()
                               .counters();
    ASSERT_TRUE(Await([&] { return counters.challenges_sent >= 2; }));
    EXPECT_FALSE(idle.client.closed);
    // Without our address nobody answers.
    ASSERT_TRUE(ip::Interface::Configure(node.interface, {}).Block().ok());
    ASSERT_TRUE(Await([&] { return idle.client.destroyed; }));
    EXPECT_FALSE(idle.client.status.ok());
  });
}

TEST_P(NicTest, CarriesStreamsOnTwoCores) {
  Run(2, [](Node& node) {
    for (int i = 0; i < 20; ++i) {
      Transfer(*network, *node.stack, kOurs, 100000);
      Transfer(*node.stack, *network, kKernel, 100000);
    }
  });
}

}  // namespace
}  // namespace ebbrt::nic
