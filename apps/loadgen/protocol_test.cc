#include "apps/loadgen/protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::loadgen {
namespace {

using namespace std::literals;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Writes down what it is told.
class Recorder final : public ReplySink {
 public:
  void OnValue(size_t value_bytes, size_t offset,
               std::span<const std::byte> piece) override {
    EXPECT_EQ(offset, value_.size());
    EXPECT_LE(offset + piece.size(), value_bytes);
    value_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  }
  bool OnReply(Reply reply) override {
    static constexpr const char* kNames[] = {"hit", "miss", "stored",
                                             "refused"};
    log_ += kNames[static_cast<int>(reply)];
    if (!value_.empty()) log_ += "=" + value_;
    value_.clear();
    log_ += ' ';
    return ++replies_ < replies_max;
  }
  const std::string& log() const { return log_; }

  int replies_max = 1000;

 private:
  int replies_ = 0;
  std::string value_;
  std::string log_;
};

// Parses `stream` cut into pieces that a seed chooses; returns the log.
std::string ParseInPieces(Protocol protocol, std::string_view stream,
                          uint64_t seed, size_t piece_max) {
  auto client = ProtocolClient::Create(protocol, /*wants_values=*/true);
  Recorder recorder;
  Random random(seed);
  while (!stream.empty()) {
    size_t piece =
        std::min<size_t>(1 + random.Below(piece_max), stream.size());
    // In memory of its own, so that a sanitizer sees reads beyond it.
    std::vector<char> copy(stream.begin(), stream.begin() + piece);
    if (!client->Parse(Bytes({copy.data(), piece}), recorder)) {
      return recorder.log() + "end";
    }
    stream.remove_prefix(piece);
  }
  return recorder.log();
}

void ExpectLog(Protocol protocol, const std::string& stream,
               const std::string& log) {
  for (size_t piece_max : {1, 2, 7, 30, 1000}) {
    for (int i = 0; i < 20; ++i) {
      uint64_t seed = testing::Seed() + i;
      EXPECT_EQ(ParseInPieces(protocol, stream, seed, piece_max), log)
          << "pieces of at most " << piece_max;
    }
  }
}

std::string BinaryReply(uint8_t opcode, uint16_t status, uint32_t opaque,
                        std::string_view extras, std::string_view value) {
  std::string reply(24, '\0');
  reply[0] = '\x81';
  reply[1] = static_cast<char>(opcode);
  reply[4] = static_cast<char>(extras.size());
  reply[6] = static_cast<char>(status >> 8);
  reply[7] = static_cast<char>(status);
  uint32_t body = extras.size() + value.size();
  for (int i = 0; i < 4; ++i) {
    reply[8 + i] = static_cast<char>(body >> (24 - 8 * i));
    reply[12 + i] = static_cast<char>(opaque >> (24 - 8 * i));
  }
  return reply.append(extras).append(value);
}

TEST(BinaryProtocol, ParsesRepliesHoweverTheyAreCut) {
  ExpectLog(Protocol::kBinary,
            BinaryReply(0, 0, 0, "\0\0\0\0"sv, "hello") +
                BinaryReply(0, 1, 1, "", "Not found") +
                BinaryReply(1, 0, 2, "", "") +
                BinaryReply(1, 3, 3, "", "Too large.") +
                BinaryReply(0, 0, 4, "\0\0\0\0"sv, "") +
                BinaryReply(0, 0x82, 5, "", "Out of memory"),
            "hit=hello miss stored refused hit refused ");
}

TEST(BinaryProtocol, EndsAtWhatIsNoReply) {
  std::string good = BinaryReply(1, 0, 0, "", "");
  ExpectLog(Protocol::kBinary, good + BinaryReply(1, 0, 7, "", "") + good,
            "stored end");  // A reply to another request.
  std::string wrong_magic = BinaryReply(0, 0, 1, "", "");
  wrong_magic[0] = '\x80';
  ExpectLog(Protocol::kBinary, good + wrong_magic, "stored end");
  ExpectLog(Protocol::kBinary, BinaryReply(0x0c, 0, 0, "", ""), "end");
  std::string short_body = BinaryReply(0, 0, 0, "", "");
  short_body[4] = 4;
  ExpectLog(Protocol::kBinary, short_body, "end");
  std::string huge = BinaryReply(0, 0, 0, "", "");
  huge[8] = '\x7f';
  ExpectLog(Protocol::kBinary, huge, "end");
  ExpectLog(Protocol::kBinary, std::string("HTTP/1.1 400 Bad Request\r\n"),
            "end");
}

TEST(TextProtocol, ParsesRepliesHoweverTheyAreCut) {
  ExpectLog(Protocol::kText,
            "VALUE abc 0 5\r\nhello\r\nEND\r\n"
            "END\r\n"
            "STORED\r\n"
            "SERVER_ERROR object too large for cache\r\n"
            "VALUE abc 0 0\r\n\r\nEND\r\n"
            "VALUE abc 0 7 99\r\nEND\r\n\r\n\r\nEND\r\n"
            "NOT_STORED\r\nERROR\r\nCLIENT_ERROR bad\r\n",
            "hit=hello miss stored refused hit hit=END\r\n\r\n refused refused "
            "refused ");
}

TEST(TextProtocol, EndsAtWhatIsNoReply) {
  ExpectLog(Protocol::kText, "STORED\r\nwhat?\r\nSTORED\r\n", "stored end");
  ExpectLog(Protocol::kText, "VALUE k 0 2\r\nabc\r\nEND\r\n", "end");
  ExpectLog(Protocol::kText, "VALUE k 0 x\r\n", "end");
  ExpectLog(Protocol::kText, "VALUE k\r\n", "end");
  ExpectLog(Protocol::kText, "VALUE k 0 99999999999\r\n", "end");
  ExpectLog(Protocol::kText, "VALUE k 0 1\r\na\r\nSTORED\r\n", "end");
  ExpectLog(Protocol::kText, std::string(2000, 'x'), "end");
}

TEST(HttpProtocol, ParsesRepliesHoweverTheyAreCut) {
  ExpectLog(Protocol::kHttp,
            "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello"
            "HTTP/1.1 404 Not Found\r\ncontent-length:4  \r\n\r\nnone"
            "HTTP/1.0 200\r\nCONTENT-LENGTH: 0\r\nX: content-length: 3\r\n\r\n"
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
            "HTTP/1.1 204 No Content\r\n\r\n",
            "hit=hello refused=none hit refused hit ");
}

TEST(HttpProtocol, EndsAtWhatIsNoReply) {
  const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  for (const char* wrong :
       {"STORED\r\n", "HTTP/1.1 2x0 OK\r\n", "HTTP/1.1 20\r\n",
        "HTTP/2 200\r\n", "HTTP/1.1 100 Continue\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n"}) {
    SCOPED_TRACE(wrong);
    ExpectLog(Protocol::kHttp, good + wrong + good, "hit end");
  }
  ExpectLog(Protocol::kHttp, std::string(2000, 'x'), "end");
}

TEST(Protocol, ASinkThatExpectsNothingEndsParsing) {
  auto client = ProtocolClient::Create(Protocol::kText, false);
  Recorder recorder;
  recorder.replies_max = 1;
  EXPECT_FALSE(client->Parse(Bytes("END\r\nEND\r\n"), recorder));
  EXPECT_EQ(recorder.log(), "miss ");
}

TEST(Protocol, ValuesAreNotShownUnlessAskedFor) {
  auto client = ProtocolClient::Create(Protocol::kText, false);
  Recorder recorder;
  EXPECT_TRUE(client->Parse(Bytes("VALUE a 0 2\r\nhi\r\nEND\r\n"), recorder));
  EXPECT_EQ(recorder.log(), "hit ");
}

// What a request looks like on the wire.
std::string Encoded(Protocol protocol, const std::vector<Request>& requests) {
  Workload workload({.records = 100,
                     .key_bytes = Distribution::Fixed(4),
                     .page = {.path = "/a?b", .host = "10.0.0.1:80"}});
  RequestWriter writer;
  auto client = ProtocolClient::Create(protocol, false);
  for (const Request& request : requests) {
    client->Encode(request, workload, writer);
  }
  return writer.Take().ToString();
}

std::string ValueText(uint32_t key, size_t bytes) {
  auto value = Workload::Value(key, bytes);
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

constexpr Request Get(uint32_t key) { return {Time{}, key, 0, false}; }
constexpr Request Set(uint32_t key, uint32_t bytes) {
  return {Time{}, key, bytes, true};
}

TEST(BinaryProtocol, EncodesRequests) {
  EXPECT_EQ(Encoded(Protocol::kBinary, {Get(42), Set(7, 3)}),
            "\x80\0\0\4\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0"
            "0042"
            "\x80\1\0\4\x08\0\0\0\0\0\0\x0f\0\0\0\1\0\0\0\0\0\0\0\0"
            "\0\0\0\0\0\0\0\0"
            "0007"s + ValueText(7, 3));
}

TEST(TextProtocol, EncodesRequests) {
  EXPECT_EQ(Encoded(Protocol::kText, {Get(42), Set(7, 3), Set(8, 0), Get(1)}),
            "get 0042\r\nset 0007 0 0 3\r\n" + ValueText(7, 3) +
                "\r\nset 0008 0 0 0\r\n\r\nget 0001\r\n");
  EXPECT_EQ(Encoded(Protocol::kText, {Set(7, 5000), Get(1)}),
            "set 0007 0 0 5000\r\n" + ValueText(7, 5000) + "\r\nget 0001\r\n");
}

TEST(HttpProtocol, EncodesRequests) {
  const std::string request = "GET /a?b HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n";
  EXPECT_EQ(Encoded(Protocol::kHttp, {Get(42), Get(1)}), request + request);
}

TEST(RequestWriter, LargeValuesAreViewsAndBlocksAreReused) {
  Workload workload({.records = 100});
  auto client = ProtocolClient::Create(Protocol::kBinary, false);
  RequestWriter writer;
  client->Encode(Set(3, 100'000), workload, writer);
  IOBufChain chain = writer.Take();
  EXPECT_EQ(chain.buffer_count(), 2u);
  EXPECT_EQ(chain.back().data(), Workload::Value(3, 100'000).data());
  chain.Clear();

  // One chain at a time, far more bytes than a block: always the same block.
  client->Encode(Get(3), workload, writer);
  chain = writer.Take();
  const std::byte* first = chain.front().data();
  for (int i = 0; i < 1000; ++i) {
    chain.Clear();
    client->Encode(Get(3), workload, writer);
    chain = writer.Take();
    EXPECT_LT(std::max(first, chain.front().data()) -
                  std::min(first, chain.front().data()),
              static_cast<ptrdiff_t>(RequestWriter::kBlockBytes));
  }
}

TEST(RequestWriter, WhatIsStillInUseIsNotOverwritten) {
  Workload workload({.records = 1000, .key_bytes = Distribution::Fixed(8)});
  auto client = ProtocolClient::Create(Protocol::kText, false);
  RequestWriter writer;
  std::vector<IOBufChain> kept;
  for (uint32_t key = 0; key < 1000; ++key) {
    client->Encode(Get(key), workload, writer);
    kept.push_back(writer.Take());
  }
  for (uint32_t key = 0; key < 1000; ++key) {
    char text[kKeyRoomBytes];
    workload.WriteKey(key, text);
    EXPECT_EQ(kept[key].ToString(), "get " + std::string(text, 8) + "\r\n");
  }
}

}  // namespace
}  // namespace ebbrt::loadgen
