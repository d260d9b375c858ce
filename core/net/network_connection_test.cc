// What the network interface promises of one connection: its bytes, its
// windows, its end. Of whatever network the platform installs by default.
#include "core/net/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/network_testing.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using std::chrono::milliseconds;
using testing::Await;
using testing::Bytes;
using testing::Pair;
using testing::Pattern;
using testing::RecordingHandler;
using testing::RunWithNetwork;
using testing::Sender;

TEST(Network, CarriesBytesBothWays) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    EXPECT_EQ(pair.client.connection->remote(), pair.endpoint);
    EXPECT_EQ(pair.server.connection->local(), pair.endpoint);
    EXPECT_EQ(pair.server.connection->remote(),
              pair.client.connection->local());
    EXPECT_GT(pair.client.connection->SendWindow(), 0u);
    IOBufChain hello = Bytes("hello");
    EXPECT_EQ(pair.client.connection->Send(hello), 5u);
    EXPECT_TRUE(hello.empty());
    IOBufChain world = Bytes("wor");
    world.Append(Bytes("ld"));
    EXPECT_EQ(pair.server.connection->Send(world), 5u);
    EXPECT_EQ(pair.server.received, "") << "handlers are called from events";
    EXPECT_TRUE(Await([&] {
      return pair.client.received == "world" && pair.server.received == "hello";
    }));
    pair.CloseAll();
  });
}

TEST(Network, ClosesOneDirectionAfterTheOther) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    IOBufChain request = Bytes("request");
    pair.client.connection->Send(request);
    pair.client.connection->Close();
    IOBufChain late = Bytes("late");
    EXPECT_EQ(pair.client.connection->Send(late), 0u);
    EXPECT_EQ(pair.client.connection->SendWindow(), 0u);
    ASSERT_TRUE(Await([&] { return pair.server.Called("peer closed"); }));
    EXPECT_EQ(pair.server.received, "request");
    EXPECT_FALSE(pair.client.closed);
    // The other direction is still open.
    IOBufChain reply = Bytes("reply");
    EXPECT_EQ(pair.server.connection->Send(reply), 5u);
    ASSERT_TRUE(Await([&] { return pair.client.received == "reply"; }));
    pair.server.connection->Close();
    pair.AwaitClosed();
    EXPECT_TRUE(pair.client.status.ok()) << pair.client.status;
    EXPECT_TRUE(pair.server.status.ok()) << pair.server.status;
    EXPECT_EQ(pair.client.calls.back(), "closed");
  });
}

TEST(Network, ClosesFromWithinEveryCall) {
  RunWithNetwork(1, [] {
    for (int stage = 0; stage < 3; ++stage) {
      Pair pair;
      auto close = [&pair] { pair.server.connection->Close(); };
      if (stage == 0) pair.server.on_connected = close;
      if (stage == 1) pair.server.on_receive = close;
      if (stage == 2) pair.server.on_peer_closed = close;
      pair.client.on_connected = [&pair] {
        IOBufChain text = Bytes("text");
        pair.client.connection->Send(text);
        pair.client.connection->Close();
      };
      pair.Listen();
      network->ConnectTcp(pair.endpoint,
                          std::make_unique<RecordingHandler>(pair.client));
      pair.AwaitClosed();
      EXPECT_EQ(pair.server.received, "text");
      EXPECT_TRUE(pair.client.status.ok()) << pair.client.status;
      EXPECT_TRUE(pair.server.status.ok()) << pair.server.status;
      network->StopListeningTcp(pair.endpoint);
    }
  });
}

TEST(Network, SendsAllBeforeItCloses) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    constexpr size_t kBytes = 3 * kMiB;
    Sender sender = {.end = pair.client, .rest = {}, .close_after = true};
    // In buffers of many sizes, of which no few make a whole send.
    Random random(testing::Seed());
    IOBufChain data;
    while (data.length() < kBytes) {
      size_t bytes = std::min(kBytes - data.length(),
                              size_t{1} << random.Below(16));
      data.Append(Bytes(Pattern(1, data.length(), bytes)));
    }
    sender.Start(std::move(data));
    ASSERT_TRUE(Await([&] { return pair.server.Called("peer closed"); }));
    ASSERT_EQ(pair.server.received.size(), kBytes);
    EXPECT_TRUE(pair.server.received == Pattern(1, 0, kBytes));
    EXPECT_TRUE(sender.rest.empty());
    pair.server.connection->Close();
    pair.AwaitClosed();
  });
}

TEST(Network, AbortReachesThePeer) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    pair.client.connection->Abort();
    IOBufChain late = Bytes("late");
    EXPECT_EQ(pair.client.connection->Send(late), 0u);
    EXPECT_FALSE(pair.client.closed) << "OnClosed comes from an event";
    pair.AwaitClosed();
    EXPECT_EQ(pair.client.status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(pair.server.status.code(), absl::StatusCode::kUnavailable)
        << pair.server.status;
  });
}

TEST(Network, AbortsFromWithinEveryCall) {
  RunWithNetwork(1, [] {
    for (int stage = 0; stage < 4; ++stage) {
      Pair pair;
      auto abort = [&pair] { pair.server.connection->Abort(); };
      if (stage == 0) pair.server.on_connected = abort;
      if (stage == 1) pair.server.on_receive = abort;
      if (stage == 2) pair.server.on_peer_closed = abort;
      Sender client = {.end = pair.client, .rest = {}, .close_after = true};
      Sender server = {.end = pair.server, .rest = {}};
      pair.client.on_connected = [&client] { client.Start(Bytes("text")); };
      if (stage == 3) {
        pair.server.on_connected = [&] {
          server.Start(Bytes(Pattern(2, 0, 8 * kMiB)));
          pair.server.on_send_ready = abort;
        };
      }
      pair.Listen();
      network->ConnectTcp(pair.endpoint,
                          std::make_unique<RecordingHandler>(pair.client));
      pair.AwaitClosed();
      EXPECT_EQ(pair.server.status.code(), absl::StatusCode::kCancelled);
      EXPECT_FALSE(pair.client.status.ok());
      network->StopListeningTcp(pair.endpoint);
    }
  });
}

TEST(Network, AbortDropsWhatIsUnsent) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.server.on_connected = [&pair] {
      pair.server.connection->SetReceiveWindow(0);
    };
    pair.Connect();
    Sender sender = {.end = pair.client, .rest = {}};
    sender.Start(Bytes(Pattern(3, 0, 32 * kMiB)));
    EXPECT_FALSE(sender.rest.empty());
    ASSERT_TRUE(Delay(milliseconds(20)).Block().ok());
    pair.client.connection->Abort();
    pair.AwaitClosed();
    EXPECT_EQ(pair.client.status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(pair.server.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(pair.server.received, "");
  });
}

TEST(Network, AReaderSlowsASender) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.server.on_connected = [&pair] {
      pair.server.connection->SetReceiveWindow(0);
    };
    pair.Connect();
    constexpr size_t kBytes = 24 * kMiB;
    Sender sender = {.end = pair.client, .rest = {}, .close_after = true};
    sender.Start(Bytes(Pattern(4, 0, kBytes)));
    ASSERT_TRUE(Delay(milliseconds(50)).Block().ok());
    EXPECT_LT(pair.client.connection->SendWindow(), sender.rest.length());
    EXPECT_EQ(pair.server.received, "");
    pair.server.connection->SetReceiveWindow(TcpConnection::kUnlimitedWindow);
    ASSERT_TRUE(Await([&] { return pair.server.Called("peer closed"); }));
    ASSERT_EQ(pair.server.received.size(), kBytes);
    EXPECT_TRUE(pair.server.received == Pattern(4, 0, kBytes));
    EXPECT_TRUE(pair.client.Called("send ready"));
    pair.CloseAll();
  });
}

TEST(Network, TheReceiveWindowIsExact) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    pair.server.connection->SetReceiveWindow(3);
    IOBufChain text = Bytes("0123456789");
    pair.client.connection->Send(text);
    pair.client.connection->Close();
    ASSERT_TRUE(Await([&] { return pair.server.received.size() >= 3; }));
    ASSERT_TRUE(Delay(milliseconds(10)).Block().ok());
    EXPECT_EQ(pair.server.received, "012");
    pair.server.connection->SetReceiveWindow(1);
    ASSERT_TRUE(Await([&] { return pair.server.received.size() >= 4; }));
    ASSERT_TRUE(Delay(milliseconds(10)).Block().ok());
    EXPECT_EQ(pair.server.received, "0123");
    EXPECT_FALSE(pair.server.Called("peer closed"));
    // From within a call, a byte at a time.
    pair.server.on_receive = [&pair] {
      pair.server.connection->SetReceiveWindow(1);
    };
    pair.server.connection->SetReceiveWindow(1);
    ASSERT_TRUE(Await([&] { return pair.server.Called("peer closed"); }));
    EXPECT_EQ(pair.server.received, "0123456789");
    pair.CloseAll();
  });
}

// Whether a peer that is gone is found is the implementations' own to test.
TEST(Network, AsksAPeerThatIsThere) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    const KeepAlive often = {.idle = milliseconds(20),
                             .probes = 2,
                             .interval = milliseconds(20)};
    for (const std::optional<KeepAlive>& keep_alive :
         {std::optional(often), std::optional<KeepAlive>(),
          std::optional(KeepAlive())}) {
      pair.client.connection->SetKeepAlive(keep_alive);
      pair.server.connection->SetKeepAlive(keep_alive);
      ASSERT_TRUE(Delay(milliseconds(200)).Block().ok());
      pair.server.received.clear();
      IOBufChain data = Bytes("still there");
      pair.client.connection->Send(data);
      ASSERT_TRUE(
          Await([&] { return pair.server.received == "still there"; }));
    }
    EXPECT_FALSE(pair.client.closed);
    pair.CloseAll();
  });
}

TEST(Network, StopsAStreamInTheMiddle) {
  RunWithNetwork(1, [] {
    Pair pair;
    pair.Connect();
    // Each time the reader stops, some is already on its way.
    pair.server.on_receive = [&pair] {
      pair.server.connection->SetReceiveWindow(0);
    };
    constexpr size_t kBytes = 2 * kMiB;
    Sender sender = {.end = pair.client, .rest = {}, .close_after = true};
    sender.Start(Bytes(Pattern(5, 0, kBytes)));
    size_t rounds = 0;
    while (!pair.server.Called("peer closed")) {
      size_t before = pair.server.calls.size();
      ASSERT_TRUE(Await([&] { return pair.server.calls.size() > before; }));
      ASSERT_TRUE(Delay(Duration(1)).Block().ok());
      if (pair.server.Called("peer closed")) break;
      EXPECT_EQ(pair.server.calls.size(), before + 1);
      pair.server.connection->SetReceiveWindow(
          ++rounds % 2 == 0 ? TcpConnection::kUnlimitedWindow : 10000);
    }
    EXPECT_TRUE(pair.server.received == Pattern(5, 0, kBytes));
    pair.CloseAll();
  });
}

}  // namespace
}  // namespace ebbrt
