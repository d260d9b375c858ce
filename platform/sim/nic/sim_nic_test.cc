// Raw frames between two nodes.
#include "platform/sim/nic/sim_nic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/async/combinators.h"
#include "core/event/event_loop.h"
#include "core/testing/seed.h"
#include "platform/current.h"
#include "platform/sim/network/two_nodes.h"
#include "platform/sim/nic/frames.h"

namespace ebbrt::platform {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Notes what comes.
class Receiver final : public NicReceiver {
 public:
  void OnFrame(IOBufChain frame, const ReceiveReport& report) override {
    EXPECT_FALSE(report.checksum_good);
    EXPECT_TRUE(frame.front().writable()) << "a buffer of this node's own";
    frames.push_back(frame.ToString());
    times.push_back(Platform::Now());
  }
  void OnFramesEnd() override { ++bursts; }
  void OnTransmitReady() override { on_ready(); }
  void OnLink(bool up) override { links.push_back(up); }

  std::vector<std::string> frames;
  std::vector<Time> times;
  std::vector<bool> links;
  int bursts = 0;
  std::function<void()> on_ready = [] {};
  std::function<void(NicQueue&)> on_open = [](NicQueue&) {};
};

IOBufChain Frame(const MacAddress& to, size_t bytes, uint8_t service = 0) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < 6; ++i) text[i] = static_cast<char>(to.bytes[i]);
  text[12] = 0x08;
  text[14] = 0x45;
  text[15] = static_cast<char>(service);
  return IOBufChain(IOBuf::CopyOf(text));
}

struct Wire {
  Wire(const LinkOptions& link, std::function<void(NicQueue&)> sends)
      : nodes(testing::Seed(), link, [this] { Open(0, received); },
              [this, sends] {
                NicQueue* queue = Open(1, sender);
                if (queue != nullptr) sends(*queue);
                EXPECT_TRUE(Delay(seconds(1)).Block().ok());
                Exit(0);
              },
              std::nullopt),
        world(nodes.simulation, nodes.fabric) {}

  NicQueue* Open(uint32_t node, Receiver& receiver) {
    auto queue = world.nic(node).OpenQueue(0, receiver);
    EXPECT_TRUE(queue.ok());
    if (!queue.ok()) return nullptr;
    receiver.on_open(**queue);
    return *queue;
  }

  Receiver received;
  Receiver sender;
  TwoNodes nodes;
  NicWorld world;
};

void Send(NicQueue& queue, IOBufChain frame) {
  EXPECT_TRUE(queue.Transmit(frame, {}));
}

LinkOptions Link1G() {
  LinkOptions link;
  link.rate_bps = 1e9;
  link.delay = microseconds(10);
  return link;
}

TEST(SimNic, AFrameTakesTheTimeOfItsLinks) {
  Time sent{};
  Wire wire(Link1G(), [&sent](NicQueue& queue) {
    sent = Platform::Now();
    Send(queue, Frame(SimMacAddressOf(0), 1226));
    Send(queue, Frame(SimMacAddressOf(0), 1226));
    queue.Flush();
  });
  EXPECT_EQ(wire.nodes.Run(), 0);
  ASSERT_EQ(wire.received.frames.size(), 2u);
  EXPECT_EQ(wire.received.frames[0].size(), 1226u);
  // 1250 bytes with all around them take 10 us, on each of two links. The
  // server's clock began a millisecond before the client's.
  Duration took = wire.received.times[0] - sent - milliseconds(1);
  EXPECT_GE(took, microseconds(40));
  EXPECT_LT(took, microseconds(43));
  Duration apart = wire.received.times[1] - wire.received.times[0];
  EXPECT_GE(apart, microseconds(8));
  EXPECT_LE(apart, microseconds(12));
}

TEST(SimNic, GoesToWhomItIsFor) {
  Wire wire(Link1G(), [](NicQueue& queue) {
    MacAddress all;
    all.bytes.fill(0xff);
    Send(queue, Frame(all, 60));
    Send(queue, Frame(SimMacAddressOf(1), 61));  // To itself.
    Send(queue, Frame(SimMacAddressOf(7), 62));  // To nobody.
    Send(queue, Frame(SimMacAddressOf(0), 63));
    Send(queue, IOBufChain(IOBuf::CopyOf("short")));
    queue.Flush();
  });
  EXPECT_EQ(wire.nodes.Run(), 0);
  ASSERT_EQ(wire.received.frames.size(), 2u);
  EXPECT_EQ(wire.received.frames[0].size(), 60u);
  EXPECT_EQ(wire.received.frames[1].size(), 63u);
  EXPECT_TRUE(wire.sender.frames.empty());
  EXPECT_GE(wire.received.bursts, 1);
}

// The uplink's buffer is the ring: nothing is lost there, and the sender is
// told when there is room.
TEST(SimNic, HoldsTheSenderBackAndTellsItWhenThereIsRoom) {
  LinkOptions link = Link1G();
  link.buffer_bytes = 10'000;
  constexpr int kFrames = 200;
  int sent = 0;
  int refused = 0;
  NicQueue* out = nullptr;
  auto send = [&] {
    while (sent < kFrames) {
      IOBufChain frame = Frame(SimMacAddressOf(0), 1000);
      if (!out->Transmit(frame, {})) {
        EXPECT_EQ(frame.length(), 1000u);
        ++refused;
        break;
      }
      ++sent;
    }
    out->Flush();
  };
  std::optional<Wire> wire;
  wire.emplace(link, [&](NicQueue& queue) {
    out = &queue;
    wire->sender.on_ready = send;
    send();
  });
  EXPECT_EQ(wire->nodes.Run(), 0);
  EXPECT_EQ(wire->received.frames.size(), size_t{kFrames});
  EXPECT_GT(refused, kFrames / 20);
}

// Where the receiver's link is slower than the sender's, its queue fills.
TEST(SimNic, MarksAndDropsWhereAQueueIsLong) {
  LinkOptions link = Link1G();
  link.mark_bytes = 20'000;
  link.buffer_bytes = 50'000;
  std::optional<Wire> wire;
  wire.emplace(link, [&](NicQueue& queue) {
    // The other way round: what comes to node 0 comes through a slow link.
    wire->nodes.fabric.topology().DownLink(0).busy_until =
        Time(milliseconds(1) + microseconds(500));
    for (int i = 0; i < 40; ++i) {
      Send(queue, Frame(SimMacAddressOf(0), 1000, /*service=*/2));
    }
    queue.Flush();
  });
  EXPECT_EQ(wire->nodes.Run(), 0);
  size_t received = wire->received.frames.size();
  EXPECT_LT(received, 40u);
  EXPECT_GT(received, 1u);
  EXPECT_EQ(wire->nodes.fabric.topology().DownLink(0).lost, 40 - received);
  // All found more than the mark before them, but were ECN-capable.
  for (const std::string& frame : wire->received.frames) {
    EXPECT_EQ(frame[15], 3);
  }
}

TEST(SimNic, ALinkThatGoesDownIsToldAndLosesFrames) {
  std::optional<Wire> wire;
  wire.emplace(Link1G(), [&](NicQueue& queue) {
    EXPECT_TRUE(queue.link_up());
    EXPECT_TRUE(Delay(milliseconds(10)).Block().ok());
    EXPECT_FALSE(queue.link_up());
    Send(queue, Frame(SimMacAddressOf(0), 100));
    queue.Flush();
    EXPECT_TRUE(Delay(milliseconds(10)).Block().ok());
    Send(queue, Frame(SimMacAddressOf(0), 200));
    queue.Flush();
  });
  wire->nodes.At(milliseconds(5), [&] {
    wire->nodes.fabric.SetLinkUp(1, false);
  });
  wire->nodes.At(milliseconds(15), [&] {
    wire->nodes.fabric.SetLinkUp(1, true);
  });
  EXPECT_EQ(wire->nodes.Run(), 0);
  EXPECT_EQ(wire->sender.links, (std::vector<bool>{false, true}));
  ASSERT_EQ(wire->received.frames.size(), 1u);
  EXPECT_EQ(wire->received.frames[0].size(), 200u);
}

TEST(SimNic, FaultsLoseDuplicateAndReorder) {
  LinkOptions link = Link1G();
  link.faults = {.loss = 0.2,
                 .duplicate = 0.2,
                 .corrupt = 0.1,
                 .reorder = 0.3};
  constexpr size_t kFrames = 300;
  Wire wire(link, [](NicQueue& queue) {
    for (size_t i = 0; i < kFrames; ++i) {
      Send(queue, Frame(SimMacAddressOf(0), 100 + i));
    }
    queue.Flush();
  });
  EXPECT_EQ(wire.nodes.Run(), 0);
  std::vector<int> seen(kFrames);
  bool reordered = false;
  size_t last = 0;
  for (const std::string& frame : wire.received.frames) {
    size_t number = frame.size() - 100;
    ASSERT_LT(number, kFrames);
    ++seen[number];
    reordered |= number < last;
    last = number;
  }
  EXPECT_TRUE(reordered);
  EXPECT_GT(std::count(seen.begin(), seen.end(), 0), 50);
  EXPECT_GT(std::count_if(seen.begin(), seen.end(),
                          [](int times) { return times > 1; }), 10);
}

TEST(SimNic, ADamagedFrameArrivesOrIsLost) {
  std::optional<Wire> wire;
  std::string kept;
  const std::string sent = Frame(SimMacAddressOf(0), 1000).ToString();
  wire.emplace(Link1G(), [&](NicQueue& queue) {
    wire->nodes.fabric.topology().UpLink(1).SetFaults({.corrupt = 1});
    IOBufChain packet = Frame(SimMacAddressOf(0), 1000);
    const IOBufChain view = *packet.Clone();
    Send(queue, std::move(packet));
    std::string other = sent;
    other[13] = 0x06;  // ARP.
    Send(queue, IOBufChain(IOBuf::CopyOf(other)));
    queue.Flush();
    EXPECT_TRUE(Delay(milliseconds(10)).Block().ok());
    kept = view.ToString();
  });
  EXPECT_EQ(wire->nodes.Run(), 0);
  ASSERT_EQ(wire->received.frames.size(), 1u);
  EXPECT_EQ(wire->received.frames[0].size(), sent.size());
  EXPECT_NE(wire->received.frames[0], sent);
  EXPECT_EQ(kept, sent) << "the sender's own";
  EXPECT_EQ(wire->nodes.fabric.topology().UpLink(1).lost, 1u);
}

// Two bits of one place in their words are nothing to a sum.
TEST(SimNic, AFrameIsNotDamagedTwice) {
  LinkOptions link = Link1G();
  link.faults.corrupt = 1;
  Wire wire(link, [](NicQueue& queue) {
    Send(queue, Frame(SimMacAddressOf(0), 1000));
    queue.Flush();
  });
  EXPECT_EQ(wire.nodes.Run(), 0);
  EXPECT_TRUE(wire.received.frames.empty());
  EXPECT_EQ(wire.nodes.fabric.topology().UpLink(1).lost, 0u);
  EXPECT_EQ(wire.nodes.fabric.topology().DownLink(0).lost, 1u);
}

TEST(SimNic, ANicOfAnEarlierLifeIsSilent) {
  std::optional<Wire> wire;
  Receiver& received = wire.emplace(Link1G(), [&](NicQueue& queue) {
    for (int i = 0; i < 10; ++i) {
      Send(queue, Frame(SimMacAddressOf(0), 100));
      queue.Flush();
      EXPECT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
  }).received;
  size_t before = 0;
  size_t down = 0;
  wire->nodes.At(milliseconds(4) + microseconds(500), [&] {
    before = received.frames.size();
    wire->nodes.simulation.Crash(wire->nodes.server_node);
  });
  wire->nodes.At(milliseconds(7) + microseconds(500), [&] {
    down = received.frames.size() - before;
    wire->nodes.simulation.Boot(wire->nodes.server_node);
  });
  EXPECT_EQ(wire->nodes.Run(), 0);
  EXPECT_EQ(before, 4u);
  EXPECT_EQ(down, 0u);
  EXPECT_EQ(wire->world.dropped(), 3u);
  EXPECT_EQ(received.frames.size(), 7u);
}

// It was to be told when there is room.
TEST(SimNic, ANodeMayCrashWhileItsRingIsFull) {
  LinkOptions link = Link1G();
  link.buffer_bytes = 10'000;
  std::optional<Wire> wire;
  wire.emplace(link, [](NicQueue&) {});
  wire->received.on_open = [](NicQueue& queue) {
    for (;;) {
      IOBufChain frame = Frame(SimMacAddressOf(1), 1000);
      if (!queue.Transmit(frame, {})) break;
    }
    queue.Flush();
  };
  wire->received.on_ready = [] { ADD_FAILURE() << "in a later life"; };
  wire->nodes.At(microseconds(10), [&] {
    wire->received.on_open = [](NicQueue&) {};
    wire->nodes.simulation.Crash(wire->nodes.server_node);
  });
  wire->nodes.At(microseconds(200), [&] {
    wire->nodes.simulation.Boot(wire->nodes.server_node);
  });
  EXPECT_EQ(wire->nodes.Run(), 0);
}

TEST(SimNic, AReceiverThatIsBusyLosesWhatItHasNoRoomFor) {
  std::optional<Wire> wire;
  wire.emplace(Link1G(), [&](NicQueue& queue) {
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 100; ++i) {
        Send(queue, Frame(SimMacAddressOf(0), 60));
      }
      queue.Flush();
      EXPECT_TRUE(Delay(microseconds(100)).Block().ok());
    }
  });
  // All the time, from before the first until after the last.
  wire->nodes.At(milliseconds(1), [&] {
    wire->nodes.server_node.cores()[0].now += milliseconds(100);
  });
  EXPECT_EQ(wire->nodes.Run(), 0);
  EXPECT_EQ(wire->received.frames.size(), SimNicQueue::kReceivedMax);
  EXPECT_EQ(wire->world.dropped(), 2000 - SimNicQueue::kReceivedMax);
}

}  // namespace
}  // namespace ebbrt::platform
