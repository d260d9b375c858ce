#include "core/net/dhcp/machine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/testing/seed.h"

namespace ebbrt::dhcp {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr MacAddress kMac = {{2, 0, 0, 0, 0, 1}};
constexpr Ipv4Address kServer{10, 0, 0, 1};
constexpr Ipv4Address kAddress{10, 0, 0, 7};

struct MachineTest : ::testing::Test, Link {
  void Broadcast(const DhcpMessage& message) override {
    last = message;
    log += static_cast<char>('0' + static_cast<int>(message.type));
  }
  void SendTo(Ipv4Address server, const DhcpMessage& message) override {
    EXPECT_EQ(server, kServer);
    last = message;
    log += 'u';
  }
  void Probe(Ipv4Address address) override {
    EXPECT_EQ(address, kAddress);
    log += 'p';
  }
  void OnLease(const Lease&) override { log += 'L'; }
  void OnLeaseLost() override { log += 'X'; }

  std::string Take() { return std::exchange(log, {}); }
  // Lets time pass until the machine's next deadline.
  void Pass() {
    ASSERT_NE(machine.next_deadline(), kTimeNever);
    now = std::max(now, machine.next_deadline());
    machine.OnTimer(now);
  }
  DhcpMessage Reply(DhcpType type) {
    DhcpMessage reply;
    reply.is_reply = true;
    reply.transaction = last->transaction;
    reply.client_mac = kMac;
    reply.type = type;
    reply.yours = kAddress;
    reply.server = kServer;
    reply.subnet_mask = Ipv4Address(255, 255, 255, 0);
    reply.lease_seconds = 3600;
    return reply;
  }
  void Answer(DhcpType type) { machine.OnMessage(Reply(type), now); }
  void ReachBound() {
    machine.Start(now);
    Pass();
    Answer(DhcpType::kOffer);
    Answer(DhcpType::kAck);
    machine.OnProbed(false, now);
    ASSERT_EQ(Take(), "13pL");
    ASSERT_EQ(machine.state(), State::kBound);
  }

  Machine machine{*this, kMac, testing::Seed()};
  Time now{seconds(50)};
  std::optional<DhcpMessage> last;
  std::string log;
};

TEST_F(MachineTest, GetsALease) {
  ReachBound();
  const Lease& lease = machine.lease();
  EXPECT_EQ(lease.address, kAddress);
  EXPECT_EQ(lease.prefix_bits, 24u);
  EXPECT_EQ(lease.renew - now, seconds(1800));
  EXPECT_EQ(lease.rebind - now, seconds(3150));
  EXPECT_EQ(lease.expire - now, seconds(3600));
}

TEST_F(MachineTest, AsksAgainEverMoreSeldom) {
  machine.Start(now);
  Pass();
  const Time begun = now;
  for (int expected : {4, 8, 16, 32, 64, 64, 64}) {
    const Time before = now;
    Pass();
    EXPECT_GE(now - before, seconds(expected - 1));
    EXPECT_LE(now - before, seconds(expected + 1));
  }
  EXPECT_EQ(Take(), "11111111");
  EXPECT_EQ(last->seconds, (now - begun) / seconds(1));
}

TEST_F(MachineTest, GivesUpOnAServerThatFallsSilent) {
  machine.Start(now);
  Pass();
  Answer(DhcpType::kOffer);
  for (uint32_t i = 0; i < Machine::kRequestsMax + 1; ++i) Pass();
  EXPECT_EQ(Take(), "133331");
}

TEST_F(MachineTest, RenewsWithTheServer) {
  ReachBound();
  for (int round = 0; round < 3; ++round) {
    Pass();
    EXPECT_EQ(Take(), "u");
    EXPECT_EQ(last->client, kAddress);
    EXPECT_TRUE(last->requested.unspecified());
    EXPECT_EQ(machine.state(), State::kRenewing);
    Answer(DhcpType::kAck);
    EXPECT_EQ(Take(), "L");
    EXPECT_EQ(machine.lease().expire - now, seconds(3600));
  }
}

TEST_F(MachineTest, RebindsAndExpires) {
  ReachBound();
  const Time expire = machine.lease().expire;
  while (machine.state() != State::kRebinding) Pass();
  EXPECT_EQ(now, machine.lease().rebind);
  const std::string sent = Take();
  EXPECT_EQ(sent.find_first_not_of('u'), sent.size() - 1) << sent;
  EXPECT_EQ(sent.back(), '3') << "to any server";
  while (machine.state() == State::kRebinding) Pass();
  EXPECT_EQ(now, expire);
  EXPECT_EQ(Take().back(), 'X');
  EXPECT_EQ(machine.state(), State::kInit);
  Pass();
  EXPECT_EQ(Take(), "1") << "and begins again";
}

TEST_F(MachineTest, AnyServerMayRebind) {
  ReachBound();
  while (machine.state() != State::kRebinding) Pass();
  Take();
  Answer(DhcpType::kAck);
  EXPECT_EQ(Take(), "L");
  EXPECT_EQ(machine.state(), State::kBound);
}

TEST_F(MachineTest, ARefusedRenewalEndsTheLease) {
  ReachBound();
  Pass();
  Take();
  Answer(DhcpType::kNak);
  EXPECT_EQ(Take(), "X");
  EXPECT_EQ(machine.next_deadline(), now + Machine::kRestartDelay);
}

TEST_F(MachineTest, DeclinesWhatSomebodyHas) {
  machine.Start(now);
  Pass();
  Answer(DhcpType::kOffer);
  Answer(DhcpType::kAck);
  machine.OnProbed(true, now);
  EXPECT_EQ(Take(), "13p4");
  EXPECT_EQ(last->requested, kAddress);
  EXPECT_EQ(machine.next_deadline(), now + Machine::kRestartDelay);
}

TEST_F(MachineTest, IgnoresWhatIsNotForIt) {
  machine.Start(now);
  Pass();
  Take();
  DhcpMessage offer = Reply(DhcpType::kOffer);
  ++offer.transaction;
  machine.OnMessage(offer, now);
  offer = Reply(DhcpType::kOffer);
  offer.client_mac.bytes[5] = 9;
  machine.OnMessage(offer, now);
  offer = Reply(DhcpType::kOffer);
  offer.yours = kBroadcastV4;
  machine.OnMessage(offer, now);
  Answer(DhcpType::kAck);
  Answer(DhcpType::kNak);
  EXPECT_EQ(machine.state(), State::kSelecting);
  Answer(DhcpType::kOffer);
  DhcpMessage ack = Reply(DhcpType::kAck);
  ack.yours = Ipv4Address(10, 0, 0, 8);
  machine.OnMessage(ack, now);
  ack = Reply(DhcpType::kAck);
  ack.lease_seconds = 0;
  machine.OnMessage(ack, now);
  EXPECT_EQ(machine.state(), State::kRequesting);
}

TEST_F(MachineTest, ALeaseMayBeForEver) {
  machine.Start(now);
  Pass();
  Answer(DhcpType::kOffer);
  DhcpMessage ack = Reply(DhcpType::kAck);
  ack.lease_seconds = kDhcpForever;
  machine.OnMessage(ack, now);
  machine.OnProbed(false, now);
  EXPECT_EQ(machine.next_deadline(), kTimeNever);
}

TEST_F(MachineTest, NonsensicalTimesAreReplaced) {
  machine.Start(now);
  Pass();
  Answer(DhcpType::kOffer);
  DhcpMessage ack = Reply(DhcpType::kAck);
  ack.lease_seconds = 100;
  ack.renewal_seconds = 500;
  ack.rebinding_seconds = 400;
  machine.OnMessage(ack, now);
  machine.OnProbed(false, now);
  const Lease& lease = machine.lease();
  EXPECT_LT(lease.renew, lease.rebind);
  EXPECT_LT(lease.rebind, lease.expire);
}

TEST_F(MachineTest, GivesTheAddressBack) {
  ReachBound();
  machine.Release();
  EXPECT_EQ(Take(), "uX");
  EXPECT_EQ(last->type, DhcpType::kRelease);
  EXPECT_EQ(machine.next_deadline(), kTimeNever);
}

}  // namespace
}  // namespace ebbrt::dhcp
