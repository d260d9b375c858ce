#include "core/net/tcp/testing/script.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/net/tcp/host.h"
#include "core/net/tcp/output.h"
#include "core/net/tcp/testing/script_segment.h"

namespace ebbrt::tcp::testing {
namespace {

constexpr Endpoint kOurs = {IpAddress::V4(10, 0, 0, 1), 80};
constexpr Endpoint kPeers = {IpAddress::V4(10, 0, 0, 2), 4000};

// The host under test, and who plays the rest of the world.
class Player final : public Output {
 public:
  explicit Player(const ScriptSetup& setup)
      : setup_(setup),
        host_(setup.options, *this, HashKey{{1, 2}}) {
    names_.peer_sequence = setup.peer_sequence;
  }

  // Output.
  void Transmit(const OutgoingSegment& segment,
                const IOBufChain& payload) override {
    const TcpHeader header = ParseTcpHeader(segment.header)->header;
    if (!names_.our_sequence.has_value() && header.Has(tcp_flag::kSyn)) {
      names_.our_sequence = header.sequence;
    }
    if (!names_.our_timestamp.has_value() && header.timestamps.has_value()) {
      names_.our_timestamp = header.timestamps->value;
    }
    sent_.push_back({now_, header, payload.length(), segment.ecn});
  }
  Path PathTo(const IpAddress&, const IpAddress&) override {
    return {setup_.segment_bytes_max, setup_.cut_bytes_max};
  }
  bool ArrivesHere(const Endpoint&, const Endpoint&) override { return true; }
  Time Now() override { return now_; }
  void SetTimer(Time deadline) override { timer_ = deadline; }
  void Defer() override { ++deferred_; }

  void Run(const std::string& line) {
    std::istringstream words(line);
    char plus = 0;
    double milliseconds = 0;
    std::string verb;
    if (!(words >> plus >> milliseconds >> verb) || plus != '+') {
      ADD_FAILURE() << "does not begin with a time and a verb";
      return;
    }
    Advance(Duration(static_cast<int64_t>(milliseconds * 1e6)),
            /*expects=*/verb == ">" || verb == "!");
    std::string rest;
    std::getline(words >> std::ws, rest);
    Do(verb, rest);
    RunDeferred();
  }

  void Finish() {
    ExpectNothingSent();
    for (const std::string& call : calls_) ADD_FAILURE() << "call: " << call;
  }

 private:
  // What the connection owns.
  struct Proxy final : TcpHandler {
    explicit Proxy(Player& player) : player(player) {}
    void OnConnected(TcpConnection& c) override { player.OnConnected(c); }
    void OnReceive(IOBufChain data) override {
      player.OnReceive(std::move(data));
    }
    void OnSendReady() override { player.OnSendReady(); }
    void OnPeerClosed() override { player.OnPeerClosed(); }
    void OnClosed(const absl::Status& status) override {
      player.OnClosed(status);
    }
    Player& player;
  };

  void OnConnected(TcpConnection& connection) {
    connection_ = &connection;
    calls_.push_back("connected");
  }
  void OnReceive(IOBufChain data) {
    calls_.push_back("received " + std::to_string(data.length()));
  }
  void OnSendReady() { Send(); }
  void OnPeerClosed() { calls_.push_back("peer closed"); }
  void OnClosed(const absl::Status& status) {
    connection_ = nullptr;
    calls_.push_back("closed " +
                     std::string(absl::StatusCodeToString(status.code())));
  }

  void Advance(Duration by, bool expects) {
    const Time end = now_ + by;
    while (timer_ <= end) {
      now_ = std::max(now_, std::exchange(timer_, kTimeNever));
      host_.OnTimer(now_);
      RunDeferred();
    }
    now_ = end;
    if (!expects) ExpectNothingSent();
  }

  void RunDeferred() {
    for (; deferred_ != 0; --deferred_) host_.RunDeferred();
  }

  void ExpectNothingSent() {
    for (const SentPacket& packet : sent_) {
      ADD_FAILURE() << "was sent, " << (now_ - packet.at).count() / 1000
                    << " us ago: " << Describe(packet, names_);
    }
    sent_.clear();
  }

  void Send() {
    if (connection_ != nullptr) connection_->Send(unsent_);
  }

  void Do(const std::string& verb, const std::string& rest) {
    if (verb == "listen") {
      EXPECT_TRUE(host_.Listen(kOurs, [this](const Endpoint&) {
        return std::make_unique<Proxy>(*this);
      }).ok());
    } else if (verb == "connect") {
      std::unique_ptr<TcpHandler> handler = std::make_unique<Proxy>(*this);
      EXPECT_TRUE(host_.Connect(kOurs, kPeers, handler).ok());
    } else if (verb == "<") {
      Receive(rest);
    } else if (verb == ">") {
      Expect(rest);
    } else if (verb == "!") {
      ExpectCall(rest);
    } else if (verb == "send") {
      const size_t bytes = std::stoul(rest);
      std::unique_ptr<IOBuf> data = IOBuf::Create(bytes);
      std::fill_n(data->Append(bytes), bytes, std::byte{'x'});
      unsent_.PushBack(std::move(data));
      Send();
    } else if (verb == "icmp") {
      Icmp(rest);
    } else if (verb != "idle") {
      Call(verb, rest);
    }
  }

  void Call(const std::string& verb, const std::string& rest) {
    if (connection_ == nullptr) {
      ADD_FAILURE() << "there is no connection";
    } else if (verb == "window") {
      connection_->SetReceiveWindow(rest == "unlimited"
                                        ? TcpConnection::kUnlimitedWindow
                                        : std::stoul(rest));
    } else if (verb == "keepalive") {
      connection_->SetKeepAlive(KeepAliveOf(rest));
    } else if (verb == "close") {
      connection_->Close();
    } else if (verb == "abort") {
      connection_->Abort();
    } else {
      ADD_FAILURE() << "no such verb: " << verb;
    }
  }

  // "IDLE PROBES INTERVAL", in seconds, or "off".
  static std::optional<KeepAlive> KeepAliveOf(const std::string& text) {
    if (text == "off") return std::nullopt;
    std::istringstream words(text);
    int64_t idle = 0;
    int64_t interval = 0;
    KeepAlive keep_alive;
    words >> idle >> keep_alive.probes >> interval;
    keep_alive.idle = std::chrono::seconds(idle);
    keep_alive.interval = std::chrono::seconds(interval);
    return keep_alive;
  }

  // "mtu SEQUENCE SEGMENT_BYTES", "refused SEQUENCE", "unreachable SEQUENCE".
  void Icmp(const std::string& text) {
    std::istringstream words(text);
    std::string kind;
    uint32_t sequence = 0;
    uint16_t bytes = 0;
    words >> kind >> sequence >> bytes;
    const IcmpQuotation quotation = {
        kOurs, kPeers, names_.our_sequence.value_or(0) + sequence};
    if (kind == "mtu") {
      host_.OnPathMtu(quotation, bytes, now_);
    } else {
      host_.OnUnreachable(quotation, kind == "refused");
    }
  }

  void Receive(const std::string& text) {
    std::optional<ScriptSegment> segment = ParseScriptSegment(text, names_);
    if (!segment.has_value()) {
      ADD_FAILURE() << "no segment: " << text;
      return;
    }
    segment->header.source_port = kPeers.port;
    segment->header.destination_port = kOurs.port;
    IOBufChain payload;
    if (segment->payload_bytes != 0) {
      std::unique_ptr<IOBuf> data = IOBuf::Create(segment->payload_bytes);
      std::fill_n(data->Append(segment->payload_bytes),
                  segment->payload_bytes, std::byte{'y'});
      payload.PushBack(std::move(data));
    }
    host_.OnSegment(kPeers.address, kOurs.address, segment->header,
                    std::move(payload),
                    segment->congestion ? Ecn::kCongestion : Ecn::kNotCapable,
                    now_);
    if (!segment->more) host_.OnBurstEnd(now_);
  }

  void Expect(const std::string& text) {
    const std::optional<ScriptSegment> expected =
        ParseScriptSegment(text, names_.Swapped());
    if (!expected.has_value()) {
      ADD_FAILURE() << "no segment: " << text;
      return;
    }
    if (sent_.empty()) {
      ADD_FAILURE() << "nothing was sent";
      return;
    }
    const SentPacket packet = sent_.front();
    sent_.pop_front();
    EXPECT_EQ((now_ - packet.at).count(), 0) << "ns too early";
    const std::string difference = Compare(*expected, packet, names_);
    EXPECT_EQ(difference, "") << "was sent: " << Describe(packet, names_);
  }

  void ExpectCall(const std::string& call) {
    if (calls_.empty()) {
      ADD_FAILURE() << "no call was made";
      return;
    }
    EXPECT_EQ(calls_.front(), call);
    calls_.pop_front();
  }

  const ScriptSetup setup_;
  ScriptNames names_;
  Time now_{std::chrono::seconds(1000)};
  Time timer_ = kTimeNever;
  uint64_t deferred_ = 0;
  TcpConnection* connection_ = nullptr;
  IOBufChain unsent_;
  std::deque<SentPacket> sent_;
  std::deque<std::string> calls_;
  Host host_;
};

}  // namespace

void RunScript(std::string_view script, const ScriptSetup& setup) {
  Player player(setup);
  std::istringstream lines{std::string(script)};
  std::string line;
  while (std::getline(lines, line)) {
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    SCOPED_TRACE(line);
    player.Run(line);
    if (::testing::Test::HasFailure()) return;
  }
  SCOPED_TRACE("at the end");
  player.Finish();
}

}  // namespace ebbrt::tcp::testing
