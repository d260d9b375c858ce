// The small tables: routes, path MTUs, rates.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "core/net/ip/away_flows.h"
#include "core/net/ip/flow.h"
#include "core/net/ip/path_mtu_cache.h"
#include "core/net/ip/route_table.h"
#include "core/net/ip/token_bucket.h"

namespace ebbrt::ip {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RouteTable, TheLongestPrefixCounts) {
  RouteTable routes;
  const Ipv4Address gateway(10, 0, 0, 1);
  const Ipv4Address other(10, 0, 0, 2);
  EXPECT_EQ(routes.NextHop(gateway), std::nullopt);
  ASSERT_TRUE(routes.Add({.gateway = gateway}).ok());
  ASSERT_TRUE(routes.Add({Ipv4Address(10, 0, 0, 77), 24, {}}).ok());
  ASSERT_TRUE(routes.Add({Ipv4Address(10, 9, 0, 0), 16, other}).ok());
  ASSERT_TRUE(routes.Add({Ipv4Address(10, 9, 8, 7), 32, gateway}).ok());
  EXPECT_EQ(routes.NextHop(Ipv4Address(8, 8, 8, 8)), gateway);
  EXPECT_EQ(routes.NextHop(Ipv4Address(10, 0, 0, 5)), Ipv4Address(10, 0, 0, 5));
  EXPECT_EQ(routes.NextHop(Ipv4Address(10, 9, 1, 1)), other);
  EXPECT_EQ(routes.NextHop(Ipv4Address(10, 9, 8, 7)), gateway);
  ASSERT_TRUE(routes.Add({Ipv4Address(10, 9, 0, 0), 16, gateway}).ok());
  EXPECT_EQ(routes.NextHop(Ipv4Address(10, 9, 1, 1)), gateway);
  for (uint32_t i = 4; i < RouteTable::kRoutesMax; ++i) {
    ASSERT_TRUE(routes.Add({Ipv4Address(0x0b000000 + i), 32, other}).ok());
  }
  EXPECT_FALSE(routes.Add({Ipv4Address(12, 0, 0, 0), 8, other}).ok());
}

TEST(AwayFlows, IsBoundedAndDropsWhatIsUnusedForLongest) {
  AwayFlows away;
  const auto flow = [](size_t i) {
    return Flow{.local = Ipv4Address(10, 0, 0, 1),
                .remote = Ipv4Address(static_cast<uint32_t>(i)),
                .local_port = 80,
                .remote_port = 4000};
  };
  EXPECT_TRUE(away.empty());
  for (size_t i = 0; i < AwayFlows::kFlowsMax; ++i) {
    away.Add(flow(i), CoreId(static_cast<uint32_t>(i % 7)));
  }
  EXPECT_EQ(away.Find(flow(0)), CoreId(0));  // And so it is used.
  away.Add(flow(AwayFlows::kFlowsMax), CoreId(3));
  EXPECT_EQ(away.size(), AwayFlows::kFlowsMax);
  EXPECT_EQ(away.Find(flow(1)), std::nullopt);
  EXPECT_EQ(away.Find(flow(0)), CoreId(0));
  away.Forget(flow(0));
  away.Forget(flow(0));
  EXPECT_EQ(away.Find(flow(0)), std::nullopt);
  EXPECT_EQ(away.size(), AwayFlows::kFlowsMax - 1);
}

TEST(TokenBucket, LetsABurstPassAndThenARate) {
  TokenBucket bucket(100, 5);
  Time now{};
  int passed = 0;
  for (int i = 0; i < 10; ++i) passed += bucket.Take(now);
  EXPECT_EQ(passed, 5);
  for (int i = 0; i < 1000; ++i) {
    now += milliseconds(1);
    passed += bucket.Take(now);
  }
  EXPECT_EQ(passed, 105);
  now += seconds(100);
  for (int i = 0; i < 10; ++i) passed += bucket.Take(now);
  EXPECT_EQ(passed, 110) << "no more is saved up than a burst";
}

TEST(PathMtuCache, LearnsAndForgets) {
  PathMtuCache cache;
  Time now{};
  const Ipv4Address peer(10, 0, 0, 9);
  EXPECT_EQ(cache.Find(peer, 1500, now), 1500u);
  EXPECT_EQ(cache.Learn(peer, 1500, 1400, 1500, now), 1400u);
  EXPECT_EQ(cache.Find(peer, 1500, now), 1400u);
  EXPECT_EQ(cache.Learn(peer, 1500, 1450, 1500, now), std::nullopt)
      << "it does not grow";
  EXPECT_EQ(cache.Learn(peer, 1400, 0, 1500, now), 1006u) << "a plateau";
  EXPECT_EQ(cache.Learn(peer, 1006, 20, 1500, now), PathMtuCache::kMtuMin);
  now += PathMtuCache::kLifetime;
  EXPECT_EQ(cache.Find(peer, 1500, now), 1500u);
  for (uint32_t i = 0; i < 2 * PathMtuCache::kEntriesMax; ++i) {
    now += seconds(1);
    cache.Learn(Ipv4Address(i), 1500, 1400, 1500, now);
  }
  EXPECT_EQ(cache.Find(Ipv4Address(0), 1500, now), 1500u);
  EXPECT_EQ(cache.Find(Ipv4Address(2 * PathMtuCache::kEntriesMax - 1), 1500,
                       now),
            1400u);
}

}  // namespace
}  // namespace ebbrt::ip
