#include "core/net/ip/arp_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/net/wire/ethernet.h"

namespace ebbrt::ip {
namespace {

using std::chrono::seconds;

constexpr MacAddress kMac = {{2, 0, 0, 0, 0, 9}};
constexpr MacAddress kOtherMac = {{2, 0, 0, 0, 0, 8}};
constexpr Ipv4Address kPeer{10, 0, 0, 9};

struct Recorder final : ArpCache::Link {
  void SendArpRequest(Ipv4Address target, const MacAddress& to) override {
    log.push_back("ask " + target.ToString() +
                  (to == kBroadcastMac ? "" : " directly"));
  }
  void TransmitTo(const MacAddress& to, OutgoingFrame&& frame) override {
    log.push_back("send " + frame.bytes.ToString() +
                  (to == kMac ? "" : " to another"));
  }
  void OnUnresolved(Ipv4Address, OutgoingFrame frame) override {
    log.push_back("drop " + frame.bytes.ToString());
  }
  std::vector<std::string> Take() { return std::exchange(log, {}); }
  std::vector<std::string> log;
};

struct ArpCacheTest : ::testing::Test {
  void Send(const std::string& text) {
    cache.Transmit(
        kPeer, {.bytes = IOBufChain(IOBuf::CopyOf(text)), .request = {}}, now);
  }
  void Pass(Duration time) {
    now += time;
    cache.OnTimer(now);
  }
  using Log = std::vector<std::string>;

  Recorder link;
  ArpCache cache{link};
  Time now{seconds(100)};
};

TEST_F(ArpCacheTest, FramesWaitInOrder) {
  Send("a");
  Send("b");
  EXPECT_EQ(link.Take(), Log{"ask 10.0.0.9"});
  cache.Learn(kPeer, kMac, false, now);
  Send("c");
  EXPECT_EQ(link.Take(), (Log{"send a", "send b", "send c"}));
  EXPECT_EQ(cache.Find(kPeer), kMac);
}

TEST_F(ArpCacheTest, AsksSoOftenAndGivesUp) {
  Send("a");
  for (uint32_t i = 1; i < ArpCache::kRequestsMax; ++i) {
    EXPECT_EQ(link.Take(), Log{"ask 10.0.0.9"});
    EXPECT_EQ(cache.next_deadline(), now + ArpCache::kRequestInterval);
    Send("b");
    EXPECT_EQ(link.Take(), Log{}) << "not more than once a second";
    Pass(ArpCache::kRequestInterval);
  }
  link.Take();
  Pass(ArpCache::kRequestInterval);
  EXPECT_EQ(link.Take(), (Log{"drop a", "drop b", "drop b"}));
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.next_deadline(), kTimeNever);
}

TEST_F(ArpCacheTest, WhatIsUsedIsConfirmedBeforeItIsForgotten) {
  cache.Learn(kPeer, kMac, true, now);
  Send("a");
  link.Take();
  Pass(ArpCache::kLifetime);
  EXPECT_EQ(link.Take(), Log{"ask 10.0.0.9 directly"});
  Send("b");
  EXPECT_EQ(link.Take(), Log{"send b"}) << "meanwhile it is believed";
  cache.Learn(kPeer, kMac, false, now);
  Pass(ArpCache::kLifetime);
  EXPECT_EQ(link.Take(), Log{});
  EXPECT_EQ(cache.size(), 0u) << "unused";
}

TEST_F(ArpCacheTest, WhatDoesNotAnswerAnyMoreIsForgotten) {
  cache.Learn(kPeer, kMac, true, now);
  Send("a");
  Pass(ArpCache::kLifetime);
  for (uint32_t i = 0; i < ArpCache::kRequestsMax; ++i) {
    Pass(ArpCache::kRequestInterval);
  }
  EXPECT_EQ(cache.Find(kPeer), std::nullopt);
}

TEST_F(ArpCacheTest, LearnsOnlyWhatIsMeantForUs) {
  cache.Learn(kPeer, kMac, false, now);
  EXPECT_EQ(cache.size(), 0u);
  cache.Learn(Ipv4Address(), kMac, true, now);
  cache.Learn(kPeer, kBroadcastMac, true, now);
  EXPECT_EQ(cache.size(), 0u);
  cache.Learn(kPeer, kMac, true, now);
  cache.Learn(kPeer, kOtherMac, false, now);
  EXPECT_EQ(cache.Find(kPeer), kOtherMac) << "it has moved";
}

TEST_F(ArpCacheTest, IsBounded) {
  for (size_t i = 0; i < ArpCache::kFramesWaitingMax + 1; ++i) {
    Send(std::to_string(i));
  }
  link.Take();
  cache.Learn(kPeer, kMac, false, now);
  EXPECT_EQ(link.log.size(), ArpCache::kFramesWaitingMax);
  EXPECT_EQ(link.log.front(), "send 1") << "the oldest gave way";
  for (uint32_t i = 0; i < 2 * ArpCache::kEntriesMax; ++i) {
    now += seconds(1);
    if (i % 100 == 0) Send("keep");
    cache.Learn(Ipv4Address(0x0a010000 + i), kMac, true, now);
  }
  EXPECT_EQ(cache.size(), ArpCache::kEntriesMax);
  EXPECT_TRUE(cache.Find(kPeer).has_value()) << "it is in use";
  // Asked for by ourselves, nothing gives way to more of that.
  cache.Clear();
  link.Take();
  for (uint32_t i = 0; i < ArpCache::kEntriesMax; ++i) {
    cache.Transmit(Ipv4Address(0x0a010000 + i), {}, now);
  }
  Send("x");
  EXPECT_EQ(link.log.back(), "drop x");
}

}  // namespace
}  // namespace ebbrt::ip
