#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/memcached/big_endian.h"
#include "apps/memcached/binary_wire.h"
#include "apps/memcached/session_harness.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::memcached::binary {
namespace {

using ebbrt::testing::RunOnCores;

struct Frame {
  uint8_t opcode = 0;
  std::string extras = {};
  std::string key = {};
  std::string value = {};
  uint64_t cas = 0;
  uint32_t opaque = 0x01020304;
};

std::string Encode(const Frame& frame) {
  std::string bytes(kHeaderBytes, '\0');
  bytes[0] = static_cast<char>(kRequestMagic);
  bytes[1] = static_cast<char>(frame.opcode);
  StoreBigEndian<uint16_t>(frame.key.size(), &bytes[2]);
  bytes[4] = static_cast<char>(frame.extras.size());
  StoreBigEndian<uint32_t>(
      frame.extras.size() + frame.key.size() + frame.value.size(), &bytes[8]);
  std::memcpy(&bytes[12], &frame.opaque, 4);
  StoreBigEndian<uint64_t>(frame.cas, &bytes[16]);
  return bytes + frame.extras + frame.key + frame.value;
}

template <typename T>
std::string Number(T value) {
  std::string bytes(sizeof(T), '\0');
  StoreBigEndian<T>(value, bytes.data());
  return bytes;
}

std::string StoreExtras(uint32_t flags, uint32_t expiry) {
  return Number<uint32_t>(flags) + Number<uint32_t>(expiry);
}

std::string NumberExtras(uint64_t delta, uint64_t initial, uint32_t expiry) {
  return Number<uint64_t>(delta) + Number<uint64_t>(initial) +
         Number<uint32_t>(expiry);
}

Frame Set(std::string key, std::string value, uint8_t opcode = kSet,
          uint64_t cas = 0) {
  return {opcode, StoreExtras(7, 0), key, value, cas};
}

struct ReplyFrame {
  uint8_t opcode;
  uint16_t status;
  uint64_t cas;
  std::string extras = {};
  std::string key = {};
  std::string value = {};
};

std::vector<ReplyFrame> Decode(std::string_view bytes) {
  std::vector<ReplyFrame> frames;
  while (!bytes.empty()) {
    EXPECT_GE(bytes.size(), kHeaderBytes);
    EXPECT_EQ(static_cast<uint8_t>(bytes[0]), kReplyMagic);
    EXPECT_EQ(bytes.substr(12, 4), "\x04\x03\x02\x01");
    size_t key = LoadBigEndian<uint16_t>(&bytes[2]);
    size_t extras = static_cast<uint8_t>(bytes[4]);
    size_t body = LoadBigEndian<uint32_t>(&bytes[8]);
    ReplyFrame frame{.opcode = static_cast<uint8_t>(bytes[1]),
                     .status = LoadBigEndian<uint16_t>(&bytes[6]),
                     .cas = LoadBigEndian<uint64_t>(&bytes[16])};
    bytes.remove_prefix(kHeaderBytes);
    if (body > bytes.size() || extras + key > body) {
      ADD_FAILURE() << "a reply is cut short";
      return frames;
    }
    frame.extras = bytes.substr(0, extras);
    frame.key = bytes.substr(extras, key);
    frame.value = bytes.substr(extras + key, body - extras - key);
    frames.push_back(frame);
    bytes.remove_prefix(body);
  }
  return frames;
}

// One reply of a conversation; what is not given is not compared.
struct Expected {
  uint8_t opcode;
  uint16_t status = kSuccess;
  std::optional<std::string> value = std::nullopt;
  std::string key = "";
};

struct Conversation {
  const char* name;
  std::vector<Frame> requests;
  std::vector<Expected> replies;
  bool closes = false;
};

const std::string kOne = Number<uint64_t>(1);

std::vector<Conversation> Conversations() {
  return {
      {"get and set",
       {{kGet, "", "a"}, Set("a", "xyz"), {kGet, "", "a"}, {kGetK, "", "a"},
        {kGetQ, "", "a"}, {kGetKQ, "", "a"}, Set("b", ""), {kGet, "", "b"}},
       {{kGet, kKeyNotFound, "Not found"}, {kSet, 0, ""}, {kGet, 0, "xyz"},
        {kGetK, 0, "xyz", "a"}, {kGetQ, 0, "xyz"}, {kGetKQ, 0, "xyz", "a"},
        {kSet}, {kGet, 0, ""}}},
      {"quiet misses",
       {{kGetQ, "", "a"}, {kGetKQ, "", "a"}, {kGetK, "", "a"},
        {kGatQ, Number<uint32_t>(1), "a"}, {kNoop}},
       {{kGetK, kKeyNotFound, "", "a"}, {kNoop}}},
      {"quiet stores",
       {Set("a", "1", kSetQ), Set("a", "2", kAddQ), Set("b", "2", kReplaceQ),
        {kAppendQ, "", "a", "x"}, {kPrependQ, "", "a", "w"},
        {kAppendQ, "", "b", "x"}, {kGet, "", "a"}, {kDeleteQ, "", "a"},
        {kDeleteQ, "", "a"}, {kFlushQ}, {kNoop}},
       {{kAddQ, kKeyExists}, {kReplaceQ, kKeyNotFound},
        {kAppendQ, kItemNotStored, "Not stored."}, {kGet, 0, "w1x"},
        {kDeleteQ, kKeyNotFound}, {kNoop}}},
      {"compare and swap",
       {Set("a", "1"), Set("a", "2", kSet, 99), Set("a", "2", kSet, 1),
        {kDelete, "", "a", "", 1}, {kDelete, "", "a", "", 2},
        Set("a", "1", kSet, 3), {kAppend, "", "a", "x", 77}},
       {{kSet}, {kSet, kKeyExists}, {kSet}, {kDelete, kKeyExists}, {kDelete},
        {kSet, kKeyNotFound}, {kAppend, kItemNotStored}}},
      {"numbers",
       {{kIncrement, NumberExtras(1, 0, 0xffffffff), "a"},
        {kIncrement, NumberExtras(1, 1, 0), "a"},
        {kIncrement, NumberExtras(4, 1, 0), "a"},
        {kDecrement, NumberExtras(9, 1, 0), "a"},
        {kIncrementQ, NumberExtras(9, 1, 0), "a"},
        {kGet, "", "a"}, Set("b", "x"),
        {kIncrement, NumberExtras(9, 1, 0), "b"}},
       {{kIncrement, kKeyNotFound}, {kIncrement, 0, kOne},
        {kIncrement, 0, Number<uint64_t>(5)},
        {kDecrement, 0, Number<uint64_t>(0)}, {kGet, 0, "9"}, {kSet},
        {kIncrement, kNonNumeric}}},
      {"touch",
       {{kTouch, Number<uint32_t>(5), "a"}, Set("a", "1"),
        {kTouch, Number<uint32_t>(5), "a"}, {kGat, Number<uint32_t>(0), "a"},
        {kGatK, Number<uint32_t>(0), "a"}, {kGatKQ, Number<uint32_t>(0), "a"}},
       {{kTouch, kKeyNotFound}, {kSet}, {kTouch, 0, ""}, {kGat, 0, "1"},
        {kGatK, 0, "1", "a"}, {kGatKQ, 0, "1", "a"}}},
      {"the rest",
       {{kVersionOf}, {kVerbosity, Number<uint32_t>(1)}, {0x50},
        {0x51, "", "key", "value"}, {kStat, "", "nothing"},
        {kFlush, Number<uint32_t>(0)}, {kQuit}, {kNoop}},
       {{kVersionOf, 0, std::string(kVersion)}, {kVerbosity},
        {0x50, kUnknownCommand}, {0x51, kUnknownCommand},
        {kStat, kKeyNotFound}, {kFlush}, {kQuit}},
       true},
      {"quiet quit", {{kQuitQ}, {kNoop}}, {}, true},
      {"extras missing", {{kSet, "", "a", "1"}, {kNoop}},
       {{kSet, kInvalidArguments}}, true},
      {"value with a get", {{kGet, "", "a", "1"}}, {{kGet, kInvalidArguments}},
       true},
      {"no key", {{kGet}}, {{kGet, kInvalidArguments}}, true},
      {"long key", {{kGet, "", std::string(251, 'k')}},
       {{kGet, kInvalidArguments}}, true},
      {"largest key", {Set(std::string(250, 'k'), "1")}, {{kSet}}},
  };
}

std::string RequestBytes(const Conversation& conversation) {
  std::string bytes;
  for (const Frame& frame : conversation.requests) bytes += Encode(frame);
  return bytes;
}

TEST(BinaryProtocolTest, RepliesAsItShould) {
  RunOnCores(1, [] {
    for (const Conversation& conversation : Conversations()) {
      SCOPED_TRACE(conversation.name);
      SessionHarness harness;
      std::vector<ReplyFrame> replies =
          Decode(harness.Serve(RequestBytes(conversation)));
      ASSERT_EQ(replies.size(), conversation.replies.size());
      for (size_t i = 0; i < replies.size(); ++i) {
        SCOPED_TRACE(i);
        const Expected& expected = conversation.replies[i];
        EXPECT_EQ(replies[i].opcode, expected.opcode);
        EXPECT_EQ(replies[i].status, expected.status);
        EXPECT_EQ(replies[i].key, expected.key);
        if (expected.value.has_value()) {
          EXPECT_EQ(replies[i].value, *expected.value);
        }
      }
      EXPECT_EQ(harness.closing(), conversation.closes);
    }
  });
}

TEST(BinaryProtocolTest, CutsDoNotMatter) {
  RunOnCores(1, [] {
    for (const Conversation& conversation : Conversations()) {
      SCOPED_TRACE(conversation.name);
      std::string requests = RequestBytes(conversation);
      SessionHarness whole;
      std::string expected = whole.Serve(requests);
      for (size_t piece : {1, 3, 23, 25}) {
        SessionHarness harness;
        EXPECT_EQ(harness.Serve(requests, piece), expected) << piece;
      }
      for (size_t cut = 1; cut < requests.size(); ++cut) {
        SessionHarness harness;
        std::string replies = harness.Serve(requests.substr(0, cut));
        replies += harness.Serve(requests.substr(cut));
        EXPECT_EQ(replies, expected) << "cut at " << cut;
      }
    }
  });
}

TEST(BinaryProtocolTest, ReturnsFlagsAndCas) {
  RunOnCores(1, [] {
    SessionHarness harness;
    std::vector<ReplyFrame> set = Decode(harness.Serve(Encode(Set("a", "1"))));
    std::vector<ReplyFrame> get =
        Decode(harness.Serve(Encode({kGet, "", "a"})));
    ASSERT_EQ(set.size(), 1u);
    ASSERT_EQ(get.size(), 1u);
    EXPECT_EQ(get[0].extras, Number<uint32_t>(7));
    EXPECT_EQ(get[0].cas, set[0].cas);
    EXPECT_NE(get[0].cas, 0u);
  });
}

TEST(BinaryProtocolTest, DropsAValueThatIsTooLarge) {
  RunOnCores(1, [] {
    SessionHarness harness;
    std::string requests = Encode(Set("a", "1")) +
                           Encode(Set("a", std::string(2 << 20, 'x'))) +
                           Encode({kGet, "", "a"});
    std::vector<ReplyFrame> replies = Decode(harness.Serve(requests));
    ASSERT_EQ(replies.size(), 3u);
    EXPECT_EQ(replies[1].status, kValueTooLarge);
    EXPECT_EQ(replies[2].status, kKeyNotFound);
  });
}

TEST(BinaryProtocolTest, ClosesOnWrongLengthsAndMagic) {
  RunOnCores(1, [] {
    SessionHarness harness;
    std::string wrong = Encode({kGet, "", "key"});
    StoreBigEndian<uint32_t>(1, &wrong[8]);  // The body, shorter than the key.
    EXPECT_EQ(Decode(harness.Serve(wrong)).size(), 1u);
    EXPECT_TRUE(harness.closing());
    harness.Reconnect();
    std::string noop = Encode({kNoop});
    EXPECT_EQ(Decode(harness.Serve(noop + std::string(24, 'x'))).size(), 1u);
    EXPECT_TRUE(harness.closing());
  });
}

TEST(BinaryProtocolTest, ReportsStatistics) {
  RunOnCores(1, [] {
    SessionHarness harness;
    std::vector<ReplyFrame> rows =
        Decode(harness.Serve(Encode(Set("a", "1")) + Encode({kStat})));
    ASSERT_GT(rows.size(), 20u);
    EXPECT_EQ(rows.back().key, "");
    bool found = false;
    for (const ReplyFrame& row : rows) {
      if (row.key == "curr_items") found = row.value == "1";
    }
    EXPECT_TRUE(found);
  });
}

}  // namespace
}  // namespace ebbrt::memcached::binary
