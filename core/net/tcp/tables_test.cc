// The tables of a host: whose a segment is, what is due, what is remembered.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/types.h"
#include "core/net/tcp/deadline_heap.h"
#include "core/net/tcp/flow_table.h"
#include "core/net/tcp/hash.h"
#include "core/net/tcp/listeners.h"
#include "core/net/tcp/pool.h"
#include "core/net/tcp/sequence.h"
#include "core/net/tcp/syn_cookie.h"
#include "core/net/tcp/time_wait.h"
#include "core/testing/seed.h"

namespace ebbrt::tcp {
namespace {

using std::chrono::seconds;

FlowKey Key(uint16_t port) {
  return {{IpAddress::V4(10, 0, 0, 1), 80}, {IpAddress::V4(10, 0, 0, 2), port}};
}

TEST(Sequence, ComparesAroundZero) {
  const Sequence before(0xfffffff0);
  const Sequence after = before + 0x20;
  EXPECT_EQ(after.value(), 0x10u);
  EXPECT_LT(before, after);
  EXPECT_GT(after, before);
  EXPECT_EQ(after - before, 0x20);
  EXPECT_EQ(Span(before, after), 0x20u);
  EXPECT_EQ(Later(before, after), after);
  EXPECT_EQ(Earlier(before, after), before);
}

// The vectors of the paper's reference implementation: key 00 to 0f, messages
// of the bytes 00, 01, 02 ...
TEST(SipHash, GivesTheReferenceValues) {
  const HashKey key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
  const std::array<uint64_t, 2> words = {0x0706050403020100,
                                         0x0f0e0d0c0b0a0908};
  const std::span<const uint64_t> all(words);
  EXPECT_EQ((SipHash<2, 4>(key, all.first(0))), 0x726fdb47dd0e0e31u);
  EXPECT_EQ((SipHash<2, 4>(key, all.first(1))), 0x93f5f5799a932462u);
  EXPECT_EQ((SipHash<2, 4>(key, all.first(2))), 0x3f2acc7f57c29bdbu);
}

TEST(FlowTable, FindsWhatIsThere) {
  Random random(ebbrt::testing::Seed());
  FlowTable table(HashKey{{random(), random()}});
  std::map<uint16_t, std::unique_ptr<Flow>> flows;
  for (int i = 0; i < 20000; ++i) {
    const uint16_t port = static_cast<uint16_t>(random.Below(3000));
    const auto found = flows.find(port);
    Flow* in_table = table.Find(Key(port));
    if (found == flows.end()) {
      ASSERT_EQ(in_table, nullptr);
      auto flow = std::make_unique<Flow>(Flow::Kind::kConnection, Key(port));
      table.Insert(*flow);
      flows.emplace(port, std::move(flow));
    } else {
      ASSERT_EQ(in_table, found->second.get());
      table.Remove(*in_table);
      flows.erase(found);
    }
    ASSERT_EQ(table.size(), flows.size());
  }
  for (auto& [port, flow] : flows) table.Remove(*flow);
}

TEST(FlowTable, TellsAddressesOfBothKindsApart) {
  FlowTable table(HashKey{{1, 2}});
  std::array<uint8_t, 16> bytes = {0x20, 1};
  const Endpoint six = {IpAddress::V6(bytes), 80};
  bytes[7] = 1;  // Another network.
  const Endpoint other = {IpAddress::V6(bytes), 80};
  Flow a(Flow::Kind::kConnection, {six, other});
  Flow b(Flow::Kind::kConnection, {other, six});
  table.Insert(a);
  table.Insert(b);
  EXPECT_EQ(table.Find({six, other}), &a);
  EXPECT_EQ(table.Find({other, six}), &b);
  EXPECT_EQ(table.Find({six, six}), nullptr);
  table.Remove(a);
  table.Remove(b);
}

TEST(DeadlineHeap, IsInOrderWhateverMoves) {
  Random random(ebbrt::testing::Seed());
  DeadlineHeap heap;
  constexpr size_t kEntries = 200;
  ASSERT_TRUE(heap.Reserve(kEntries));
  std::vector<DeadlineEntry> entries(kEntries);
  std::multiset<Time> expected;
  const auto forget = [&](const DeadlineEntry& entry) {
    if (entry.place != 0) expected.erase(expected.find(entry.deadline));
  };
  for (int i = 0; i < 20000; ++i) {
    DeadlineEntry& entry = entries[random.Below(kEntries)];
    switch (random.Below(4)) {
      case 0:
        forget(entry);
        heap.Remove(entry);
        break;
      case 1:
        if (DeadlineEntry* first = heap.PopExpired(Time(Duration(500)))) {
          ASSERT_EQ(first->deadline, *expected.begin());
          expected.erase(expected.begin());
        } else {
          ASSERT_TRUE(expected.empty() ||
                      *expected.begin() > Time(Duration(500)));
        }
        break;
      default:
        forget(entry);
        heap.Set(entry, Time(Duration(random.Below(1000))));
        expected.insert(entry.deadline);
        break;
    }
    ASSERT_EQ(heap.next_deadline(),
              expected.empty() ? kTimeNever : *expected.begin());
  }
}

TEST(Pool, MakesAgainWhatWasFreed) {
  Pool<std::string> pool(1);
  std::string* first = pool.Make("a text that is too long to be kept inside");
  std::string* second = pool.Make("another");
  pool.Free(first);
  pool.Free(second);  // One is kept.
  std::string* third = pool.Make();
  EXPECT_EQ(static_cast<void*>(third), static_cast<void*>(first));
  EXPECT_EQ(*third, "");
  pool.Free(third);
}

TEST(TimeWait, KeepsABoundAndExpiresInOrder) {
  FlowTable flows(HashKey{{1, 2}});
  TimeWaitTable table(flows, 3);
  for (uint16_t port = 1; port <= 4; ++port) {
    ASSERT_NE(table.Add(Key(port), Time(seconds(port))), nullptr);
  }
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(flows.Find(Key(1)), nullptr) << "the oldest gives way";
  table.Restart(*static_cast<TimeWait*>(flows.Find(Key(2))), Time(seconds(9)));
  EXPECT_EQ(table.next_deadline(), Time(seconds(3)));
  table.Expire(Time(seconds(4)));
  EXPECT_EQ(table.size(), 1u);
  EXPECT_NE(flows.Find(Key(2)), nullptr);
  table.Expire(Time(seconds(9)));
  EXPECT_EQ(flows.size(), 0u);
  EXPECT_EQ(table.next_deadline(), kTimeNever);
}

// RFC 6191 section 2.
TEST(TimeWait, IsReusedOnlyByWhatIsNewer) {
  TimeWait waiting(Key(1));
  waiting.receive_next = Sequence(1000);
  TcpHeader syn;
  syn.sequence = 1000;
  EXPECT_FALSE(waiting.AllowsReuse(syn));
  syn.sequence = 1001;
  EXPECT_TRUE(waiting.AllowsReuse(syn));
  waiting.timestamp_recent = 50;
  syn.timestamps = {49, 0};
  EXPECT_FALSE(waiting.AllowsReuse(syn));
  syn.timestamps = {50, 0};
  EXPECT_TRUE(waiting.AllowsReuse(syn));
  syn.sequence = 10;
  EXPECT_FALSE(waiting.AllowsReuse(syn));
  syn.timestamps = {51, 0};
  EXPECT_TRUE(waiting.AllowsReuse(syn));
}

TEST(SynCookies, TellTheSegmentSizeForAWhile) {
  SynCookies cookies(HashKey{{5, 6}});
  const Time now(seconds(10'000));
  const Sequence peer(77);
  EXPECT_FALSE(cookies.Awaits(now));
  for (uint16_t bytes : {0, 100, 536, 1459, 1460, 9000}) {
    const Sequence cookie = cookies.Make(Key(1), peer, bytes, now);
    const std::optional<uint16_t> told =
        cookies.Check(Key(1), peer, cookie, now + seconds(60));
    ASSERT_TRUE(told.has_value());
    EXPECT_LE(*told, std::max<uint16_t>(bytes, 88));
    EXPECT_FALSE(cookies.Check(Key(2), peer, cookie, now).has_value());
    EXPECT_FALSE(cookies.Check(Key(1), peer + 1, cookie, now).has_value());
    EXPECT_FALSE(cookies.Check(Key(1), peer, cookie + 1, now).has_value());
  }
  // Another cookie is made, but the first one is too old.
  const Sequence old = cookies.Make(Key(1), peer, 1460, now);
  cookies.Make(Key(3), peer, 1460, now + seconds(128));
  EXPECT_FALSE(
      cookies.Check(Key(1), peer, old, now + seconds(128)).has_value());
  EXPECT_TRUE(cookies.Awaits(now + seconds(256)));
  EXPECT_FALSE(cookies.Awaits(now + seconds(257)));
}

TEST(SynCookies, KeepOptionsInATimestampThatIsNotAhead) {
  Random random(ebbrt::testing::Seed());
  for (int i = 0; i < 10000; ++i) {
    SynCookies::OfferedOptions offered = {.sack = random.Chance(0.5),
                                          .ecn = random.Chance(0.5),
                                          .window_shift = std::nullopt};
    if (random.Chance(0.5)) {
      offered.window_shift = static_cast<uint8_t>(random.Below(15));
    }
    const uint32_t timestamp = static_cast<uint32_t>(random());
    const uint32_t encoded = SynCookies::Encode(offered, timestamp);
    EXPECT_LT(timestamp - encoded, 128u) << timestamp;
    const SynCookies::OfferedOptions decoded = SynCookies::Decode(encoded);
    EXPECT_EQ(decoded.sack, offered.sack);
    EXPECT_EQ(decoded.ecn, offered.ecn);
    EXPECT_EQ(decoded.window_shift, offered.window_shift);
  }
}

TEST(Listeners, AreFoundByAddressAndByKind) {
  struct Nobody final : TcpHandler {
    void OnConnected(TcpConnection&) override {}
    void OnReceive(IOBufChain) override {}
    void OnPeerClosed() override {}
    void OnClosed(const absl::Status&) override {}
  };
  Listeners listeners;
  const Endpoint exact = {IpAddress::V4(10, 0, 0, 1), 80};
  const Endpoint any = {IpAddress(), 81};
  // It may end its own listener while it runs.
  EXPECT_TRUE(listeners.Add(exact, [&](const Endpoint&) {
    listeners.Remove(exact);
    return std::make_unique<Nobody>();
  }));
  EXPECT_FALSE(listeners.Add(exact, [](const Endpoint&) { return nullptr; }));
  EXPECT_TRUE(listeners.Add(any, [](const Endpoint&) { return nullptr; }));
  EXPECT_TRUE(listeners.Listens({IpAddress::V4(10, 0, 0, 9), 81}));
  EXPECT_FALSE(listeners.Listens({IpAddress::V6({1}), 81}));
  EXPECT_FALSE(listeners.Listens({IpAddress::V4(10, 0, 0, 9), 80}));
  EXPECT_NE(listeners.Accept(exact, Key(1).remote), nullptr);
  EXPECT_EQ(listeners.Accept(exact, Key(1).remote), nullptr);
}

}  // namespace
}  // namespace ebbrt::tcp
