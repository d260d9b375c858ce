// What peers and links do that no service asks for: floods, scans, storms,
// peers that stop in the middle, links and addresses that go away. Each time a
// service goes on meanwhile, every byte of it, what is held is bounded, and
// counters tell what happened.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/async/combinators.h"
#include "core/net/dhcp/client.h"
#include "core/net/dhcp/testing.h"
#include "core/net/ip/testing.h"
#include "core/net/link/cable.h"
#include "core/net/network_testing.h"
#include "core/net/stack/stack_network.h"
#include "core/net/stack/stranger.h"
#include "core/net/stack/testing.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AddressOf;
using testing::Await;
using testing::Bytes;
using testing::DhcpServer;
using testing::EchoesAll;
using testing::End;
using testing::ListenOn;
using testing::MakeInterface;
using testing::MakeStack;
using testing::MakeUnconfigured;
using testing::Pattern;
using testing::RecordingHandler;
using testing::RunOnCores;
using testing::Sender;
using testing::Stranger;

constexpr bool kIsVirtualTime =
    platform::Has(Platform::kFeatures, platform::Feature::kVirtualTime);

constexpr size_t kExchangeBytes = 50'000;
// So many frames at once are less than a cable holds.
constexpr int kBurst = 100;

// An echo server, its client, and a stranger, on one cable.
struct Site {
  explicit Site(const tcp::Options& options = {}, Duration delay = {})
      : interface(MakeInterface(cable, 2, {.delay = delay})),
        client_interface(MakeInterface(cable, 1, {.delay = delay})),
        server(MakeStack(interface, 2, options)),
        client(MakeStack(client_interface, 1)),
        endpoint(ListenOn(server, 0)),
        stranger(cable, 2) {}

  uint64_t Count(const std::string& name) const {
    return CountersOfAllCores(server).Block()->at(name);
  }
  bool Reaches(const std::string& name, uint64_t count) const {
    return Await([&] { return Count(name) >= count; });
  }
  // Of the server's connections none is left.
  bool IsEmpty() const {
    return Await([this] { return Count("tcp_connections") == 0; });
  }
  // Whether somebody else's exchange is as if there were nothing.
  bool Serves() {
    auto right =
        EchoesAll(client, endpoint, testing::Seed(), kExchangeBytes).Block();
    return right.ok() && *right;
  }
  // A port of the stranger's, of which there is no end.
  TcpHeader SegmentTo(uint16_t port, int number, uint8_t flags) const {
    TcpHeader header;
    header.source_port = static_cast<uint16_t>(1024 + number);
    header.destination_port = port;
    header.sequence = static_cast<uint32_t>(1000 * number);
    header.flags = flags;
    header.window = 1000;
    return header;
  }
  static Ipv4Address Address(int number) {
    return AddressOf(static_cast<uint8_t>(Stranger::kFirstAddress +
                                          number % 100));
  }

  Cable cable;
  EbbRef<ip::Interface> interface;  // The server's.
  EbbRef<ip::Interface> client_interface;
  EbbRef<Network> server;
  EbbRef<Network> client;
  Endpoint endpoint;
  Stranger stranger;
};

// Lets frames arrive after each burst of them.
void Pace(int number) {
  if (number % kBurst == 0) {
    EXPECT_TRUE(Delay(milliseconds(1)).Block().ok());
  }
}

TEST(Adversity, ASynFlood) {
  RunOnCores(1, [] {
    constexpr uint64_t kHalfOpenMax = 64;
    constexpr int kSyns = 3000;
    Site site({.half_open_max = kHalfOpenMax});
    for (int i = 0; i < kSyns; ++i) {
      site.stranger.Send(site.Address(i),
                         site.SegmentTo(site.endpoint.port, i, kSyn));
      Pace(i);
      if (i % kBurst == 0) {
        EXPECT_LE(site.Count("tcp_connections"), kHalfOpenMax);
      }
    }
    ASSERT_TRUE(site.Reaches("tcp_cookies_sent", kSyns - kHalfOpenMax));
    EXPECT_EQ(site.Count("tcp_half_open"), kHalfOpenMax);
    // Whoever answers a cookie is served.
    EXPECT_TRUE(site.Serves());
    EXPECT_EQ(site.Count("tcp_cookies_accepted"), 1u);
    EXPECT_EQ(site.Count("tcp_opened_passive"), 1u);
    if (!kIsVirtualTime) return;
    // And the flood leaves nothing.
    ASSERT_TRUE(Delay(tcp::Options().give_up_accepting * 2).Block().ok());
    EXPECT_EQ(site.Count("tcp_half_open_dropped"), kHalfOpenMax);
    EXPECT_EQ(site.Count("tcp_connections"), 0u);
  });
}

TEST(Adversity, APortScan) {
  RunOnCores(1, [] {
    Site site;
    // SYN; FIN, none, and FIN, PSH, URG together; ACK.
    uint64_t sent = 0;
    for (uint8_t flags : {kSyn, kFin, uint8_t{0},
                          uint8_t(kFin | kPsh | kUrg), kAck}) {
      for (uint16_t port = 1; port <= 400; ++port, ++sent) {
        ASSERT_NE(port, site.endpoint.port);
        site.stranger.Send(site.Address(0), site.SegmentTo(port, port, flags));
        Pace(port);
      }
    }
    ASSERT_TRUE(site.Reaches("tcp_resets_sent", sent));
    EXPECT_EQ(site.Count("tcp_connections"), 0u);
    EXPECT_EQ(site.stranger.Count(kRst), site.stranger.replies.size());
    // Of the port that there is, all but a SYN says nothing.
    for (uint8_t flags : {kFin, uint8_t{0}, uint8_t(kFin | kPsh | kUrg)}) {
      site.stranger.Send(site.Address(0),
                         site.SegmentTo(site.endpoint.port, 1, flags));
    }
    ASSERT_TRUE(site.Reaches("tcp_segments_received", sent + 3));
    EXPECT_EQ(site.Count("tcp_resets_sent"), sent);
    // What comes late of an exchange may be answered by a reset.
    EXPECT_TRUE(site.Serves());
    EXPECT_TRUE(site.IsEmpty());
  });
}

// An end that no connection outlives, however a test goes.
struct SafeEnd : End {
  ~SafeEnd() {
    if (connection != nullptr) connection->Abort();
    EXPECT_TRUE(Await([this] { return destroyed || calls.empty(); }));
  }
};

// A connection from the site's client, which an application holds.
struct Held {
  Held(Site& site, Endpoint to) {
    site.client->ConnectTcp(to, std::make_unique<RecordingHandler>(end));
    EXPECT_TRUE(Await([this] { return end.connection != nullptr; }));
  }
  explicit Held(Site& site) : Held(site, site.endpoint) {}
  bool Echoes(const std::string& text) {
    end.received.clear();
    IOBufChain data = Bytes(text);
    EXPECT_EQ(end.connection->Send(data), text.size());
    return Await([&] { return end.received == text; });
  }
  SafeEnd end;
};

// Where the server's application is `end`, of one connection.
Endpoint ListenAs(Site& site, End& end) {
  auto bound = site.server->ListenTcp(
      {AddressOf(2).ToIpAddress(), 0}, [&end](const Endpoint&) {
        return std::make_unique<RecordingHandler>(end);
      });
  EXPECT_TRUE(bound.ok()) << bound.status();
  return bound.value_or(Endpoint());
}

TEST(Adversity, AStormOfAcknowledgments) {
  RunOnCores(1, [] {
    constexpr int kAcks = 2000;
    Site site;
    Held held(site);
    ASSERT_TRUE(held.Echoes("before"));
    // In the client's name, and out of every window.
    TcpHeader forged = site.stranger.overheard->header;
    forged.sequence += 1 << 30;
    for (int i = 0; i < kAcks; ++i) {
      site.stranger.Send(AddressOf(1), forged);
      Pace(i);
    }
    ASSERT_TRUE(site.Reaches("tcp_dropped_unacceptable", kAcks));
    // Ten in five seconds, however long this took.
    const uint64_t answered = site.Count("tcp_challenges_sent");
    EXPECT_GE(answered, 10u);
    EXPECT_EQ(answered + site.Count("tcp_challenges_withheld"), kAcks);
    EXPECT_LT(answered, kAcks / 2);
    EXPECT_TRUE(held.Echoes("behind"));
    EXPECT_TRUE(site.Serves());
  });
}

// Bytes that the client never sent put the two out of step: each finds the
// other's acknowledgments wrong, and says so.
TEST(Adversity, TwoThatAnswerEachOther) {
  RunOnCores(1, [] {
    Site site({.give_up = seconds(1)});
    Held held(site);
    ASSERT_TRUE(held.Echoes("before"));
    TcpHeader forged = site.stranger.overheard->header;
    forged.sequence += site.stranger.overheard->payload_bytes;
    forged.flags = kAck | kPsh;
    const uint64_t before = site.Count("tcp_segments_received");
    site.stranger.Send(AddressOf(1), forged, "forged");
    ASSERT_TRUE(Await([&] {
      return site.Count("tcp_challenges_withheld") != 0 ||
             site.Count("tcp_given_up") != 0;
    }));
    EXPECT_TRUE(site.Serves());
    // The server finds that nobody acknowledges what it sends.
    ASSERT_TRUE(site.Reaches("tcp_given_up", 1));
    EXPECT_LT(site.Count("tcp_segments_received") - before, 300u);
    EXPECT_TRUE(site.IsEmpty());
  });
}

// Opens a connection as the stranger; the header of its next segment.
TcpHeader Open(Site& site, uint16_t port, uint16_t window) {
  TcpHeader header = site.SegmentTo(port, 1, kSyn);
  header.window = window;
  site.stranger.Send(site.Address(0), header);
  EXPECT_TRUE(
      Await([&] { return site.stranger.Count(kSyn | kAck) == 1; }));
  header.acknowledgment = site.stranger.replies.back().header.sequence + 1;
  ++header.sequence;
  header.flags = kAck;
  site.stranger.Send(site.Address(0), header);
  EXPECT_TRUE(site.Reaches("tcp_opened_passive", 1));
  site.stranger.replies.clear();
  return header;
}

TEST(Adversity, APeerThatClosesItsWindow) {
  RunOnCores(1, [] {
    Site site({.give_up = seconds(1)});
    TcpHeader header = Open(site, site.endpoint.port, 0);
    site.stranger.Send(site.Address(0), header, std::string(1000, 'x'));
    header.sequence += 1000;
    // While it answers the probes, it is waited for.
    for (uint64_t probes = 1; probes <= 3; ++probes) {
      ASSERT_TRUE(site.Reaches("tcp_window_probes", probes));
      site.stranger.Send(site.Address(0), header);
    }
    EXPECT_EQ(site.Count("tcp_connections"), 1u);
    EXPECT_TRUE(site.Serves());
    // Once it is silent, no longer.
    ASSERT_TRUE(site.Reaches("tcp_given_up", 1));
    EXPECT_TRUE(site.IsEmpty());
  });
}

// The client has ended its direction; the server sends all that it has.
TEST(Adversity, APeerThatHasSaidAll) {
  RunOnCores(1, [] {
    Site site;
    const std::string answer = Pattern(testing::Seed(), 0, 4 * kExchangeBytes);
    SafeEnd end;
    Sender sender = {.end = end, .rest = {}, .close_after = true};
    end.on_peer_closed = [&] { sender.Start(Bytes(answer)); };
    Held held(site, ListenAs(site, end));
    held.end.connection->Close();
    EXPECT_TRUE(site.Serves());
    ASSERT_TRUE(Await([&] { return held.end.destroyed && end.destroyed; }));
    EXPECT_TRUE(held.end.received == answer);
    EXPECT_TRUE(held.end.status.ok()) << held.end.status;
    // This one, and the one that was served.
    EXPECT_EQ(site.Count("tcp_peers_closed"), 2u);
    EXPECT_TRUE(site.IsEmpty());
  });
}

// We have ended our direction, and the peer, who said that it knows, never
// ends its own.
TEST(Adversity, APeerThatIsGoneHalfClosed) {
  RunOnCores(1, [] {
    Site site({.keep_alive = KeepAlive{.idle = milliseconds(500),
                                       .probes = 2,
                                       .interval = milliseconds(100)}});
    SafeEnd end;
    end.on_connected = [&end] { end.connection->Close(); };
    TcpHeader header = Open(site, ListenAs(site, end).port, 1000);
    ++header.acknowledgment;
    site.stranger.Send(site.Address(0), header);
    EXPECT_TRUE(site.Serves());
    ASSERT_TRUE(Await([&] { return end.destroyed; }));
    EXPECT_EQ(end.status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(site.Count("tcp_keep_alives_failed"), 1u);
    EXPECT_GE(site.Count("tcp_keep_alives_sent"), 2u);
    EXPECT_TRUE(site.IsEmpty());
  });
}

TEST(Adversity, ALinkThatGoesDownAndUp) {
  RunOnCores(1, [] {
    // At a window a round trip it takes much longer than to look.
    constexpr size_t kBytes = 10'000'000;
    Site site({}, milliseconds(5));
    auto echoes = EchoesAll(site.client, site.endpoint, 5, kBytes);
    ASSERT_TRUE(site.Reaches("tcp_segments_received", 50));
    site.cable.SetUp(false);
    ASSERT_TRUE(Delay(milliseconds(700)).Block().ok());
    const uint64_t received = site.Count("ip_frames_received");
    ASSERT_TRUE(Delay(milliseconds(100)).Block().ok());
    EXPECT_EQ(site.Count("ip_frames_received"), received);
    EXPECT_EQ(site.Count("ip_link_changes"), 1u);
    site.cable.SetUp(true);
    auto right = std::move(echoes).Block();
    ASSERT_TRUE(right.ok());
    EXPECT_TRUE(*right);
    EXPECT_EQ(site.Count("ip_link_changes"), 2u);
    EXPECT_GT(site.Count("tcp_timeouts") +
                  CountersOfAllCores(site.client).Block()->at("tcp_timeouts"),
              0u);
    EXPECT_TRUE(site.Serves());
  });
}

TEST(Adversity, AnAddressThatChanges) {
  RunOnCores(2, [] {
    Site site;
    site.endpoint = ListenOn(site.server, 0, Ipv4Address());
    const uint16_t port = site.endpoint.port;
    site.endpoint = {AddressOf(2).ToIpAddress(), port};
    Held held(site);
    ASSERT_TRUE(held.Echoes("before"));
    ASSERT_TRUE(ip::Interface::Configure(site.interface,
                                         {.address = AddressOf(3),
                                          .prefix_bits = 24,
                                          .gateway = {}})
                    .Block()
                    .ok());
    EXPECT_EQ(site.Count("tcp_addresses_lost"), 1u);
    EXPECT_TRUE(site.IsEmpty());
    // Of both cores: from none to the first, and to the second.
    EXPECT_EQ(site.Count("ip_address_changes"), 4u);
    site.endpoint.address = AddressOf(3).ToIpAddress();
    EXPECT_TRUE(site.Serves());
  });
}

TEST(Adversity, AnAddressThatDhcpChanges) {
  if (!kIsVirtualTime) GTEST_SKIP() << "takes ten minutes";
  RunOnCores(1, [] {
    Site site;
    DhcpServer dhcp(site.client_interface, 9);
    auto interface = MakeUnconfigured(site.cable, 4, 1);
    site.server = MakeStack(interface, 4);
    auto client = dhcp::Client::Create(interface, testing::Seed());
    ASSERT_TRUE(client->Start().Block().ok());
    const uint16_t port = ListenOn(site.server, 0, Ipv4Address()).port;
    site.endpoint = {AddressOf(9).ToIpAddress(), port};
    EXPECT_TRUE(site.Serves());
    Held held(site);
    ASSERT_TRUE(held.Echoes("before"));
    dhcp.give = 10;
    ASSERT_TRUE(Delay(seconds(DhcpServer::kLeaseSeconds)).Block().ok());
    EXPECT_EQ(dhcp.refused, 1);
    EXPECT_EQ(interface->configuration().address, AddressOf(10));
    EXPECT_EQ(site.Count("tcp_addresses_lost"), 1u);
    EXPECT_TRUE(site.IsEmpty());
    EXPECT_EQ(site.Count("ip_address_changes"), 3u);  // One of them: none.
    site.endpoint.address = AddressOf(10).ToIpAddress();
    EXPECT_TRUE(site.Serves());
  });
}

}  // namespace
}  // namespace ebbrt
