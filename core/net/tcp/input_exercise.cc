#include "core/net/tcp/input_exercise.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/net/tcp/host.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/output.h"
#include "core/net/tcp/sequence.h"

namespace ebbrt::tcp::testing {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.

constexpr Endpoint kOurs = {IpAddress::V4(10, 0, 0, 1), 80};
constexpr Endpoint kPeers = {IpAddress::V4(10, 0, 0, 2), 4000};
constexpr uint32_t kPeerFirst = 0xffffff00;
constexpr size_t kSendBytesMax = 20'000;

// The peer's byte of that number: the next one is the next, whichever SYN the
// connection began with.
std::byte PeerByte(uint32_t sequence) {
  return static_cast<std::byte>(sequence);
}

// Our byte that is so far from the SYN.
std::byte StreamByte(uint32_t at) {
  return static_cast<std::byte>(at * 7 + at / 251);
}

class Exercise final : public Output {
 public:
  explicit Exercise(std::span<const uint8_t> bytes)
      : bytes_(bytes), host_(DrawOptions(), *this, HashKey{{3, 4}}) {}

  void Run() {
    EBBRT_CHECK(host_.Listen(kOurs, [this](const Endpoint&) {
      return std::make_unique<Handler>(*this);
    }).ok());
    if (Next() % 2 == 0) {
      Open();
    } else {
      std::unique_ptr<TcpHandler> handler = std::make_unique<Handler>(*this);
      EBBRT_CHECK(host_.Connect(kOurs, kPeers, handler).ok());
    }
    while (!bytes_.empty()) Step();
    while (!open_.empty()) {
      open_.back()->Abort();
      RunDeferred();
    }
    // Nobody answers any more: everything ends by itself.
    Advance(std::chrono::hours(24));
    EBBRT_CHECK(host_.connection_count() == 0);
    EBBRT_CHECK(host_.time_wait_count() == 0);
    EBBRT_CHECK(host_.NextDeadline() == kTimeNever);
  }

  // Output.
  void Transmit(const OutgoingSegment& segment,
                const IOBufChain& payload) override {
    const std::optional<ParsedTcpHeader> parsed =
        ParseTcpHeader(segment.header);
    EBBRT_CHECK(parsed.has_value());
    const TcpHeader& header = parsed->header;
    EBBRT_CHECK(segment.segment_bytes != 0 || payload.length() <= 1460);
    if (header.Has(kRst)) return;
    if (header.Has(kSyn)) {
      // Another connection, or this one again.
      if (our_first_ != header.sequence || !header.Has(kAck)) edge_.reset();
      our_first_ = header.sequence;
      if (header.Has(kAck)) {
        edge_ = Sequence(header.acknowledgment) + header.window;
        shift_ = header.window_shift.value_or(0);
      }
      last_timestamp_ = header.timestamps.value_or(TcpTimestamps{}).value;
      return;
    }
    CheckPayload(header, payload);
  }
  Path PathTo(const IpAddress&, const IpAddress&) override {
    return {.segment_bytes_max = 1460, .cut_bytes_max = cut_bytes_max_};
  }
  bool ArrivesHere(const Endpoint&, const Endpoint&) override { return true; }
  Time Now() override { return now_; }
  void SetTimer(Time deadline) override { timer_ = deadline; }
  void Defer() override { ++deferred_; }

 private:
  struct Handler final : TcpHandler {
    explicit Handler(Exercise& exercise) : exercise(exercise) {}
    void OnConnected(TcpConnection& connection) override {
      exercise.connection_ = own = &connection;
      exercise.open_.push_back(own);
      exercise.unsent_.Clear();
      exercise.sent_ = 1;
    }
    void OnReceive(IOBufChain data) override {
      for (const IOBuf& buffer : data) {
        for (std::byte byte : buffer.bytes()) {
          EBBRT_CHECK(byte == next.value_or(byte));
          next = static_cast<std::byte>(std::to_integer<uint32_t>(byte) + 1);
        }
      }
      exercise.Act();
    }
    void OnSendReady() override { exercise.Act(); }
    void OnPeerClosed() override { exercise.Act(); }
    void OnClosed(const absl::Status&) override {
      if (exercise.connection_ == own) exercise.connection_ = nullptr;
      std::erase(exercise.open_, own);
    }
    Exercise& exercise;
    TcpConnection* own = nullptr;
    std::optional<std::byte> next;  // Expected, once one has come.
  };

  uint8_t Next() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  // Small numbers most of the time, and now and then any.
  uint32_t Number() {
    const uint8_t kind = Next();
    if (kind < 100) return kind % 10;
    if (kind < 180) return Next();
    if (kind < 240) return uint32_t{Next()} << 8 | Next();
    return uint32_t{Next()} << 24 | uint32_t{Next()} << 16 |
           uint32_t{Next()} << 8 | Next();
  }

  Options DrawOptions() {
    Options options;
    const uint8_t bits = Next();
    options.timestamps = (bits & 1) == 0;
    options.selective_acknowledgment = (bits & 2) == 0;
    options.ecn = (bits & 4) == 0 ? EcnUse::kRequest : EcnUse::kAccept;
    if ((bits & 8) != 0) {
      options.half_open_max = 0;
      has_cookies_ = true;
    }
    if ((bits & 16) != 0) options.congestion = CongestionAlgorithm::kNewReno;
    if ((bits & 32) != 0) cut_bytes_max_ = 10'000;
    if ((bits & 64) != 0) options.receive_window_max = 3'000;
    options.nagle = (bits & 128) != 0;
    options.held_buffers_connection_max = 16;
    options.time_wait = std::chrono::seconds(10);
    return options;
  }

  void CheckPayload(const TcpHeader& header, const IOBufChain& payload) {
    uint32_t at = header.sequence - our_first_;
    for (const IOBuf& buffer : payload) {
      for (std::byte byte : buffer.bytes()) {
        EBBRT_CHECK(byte == StreamByte(at++));
      }
    }
    if (header.timestamps.has_value()) {
      last_timestamp_ = header.timestamps->value;
    }
    const Sequence edge = Sequence(header.acknowledgment) +
                          (uint32_t{header.window} << shift_);
    // Scaling rounds it down, by less than the unit. (With a cookie the unit is
    // what the peer sends back of it, and this one sends back anything.)
    if (edge_.has_value() && !has_cookies_) {
      EBBRT_CHECK(edge + ((1u << shift_) - 1) >= *edge_);
    }
    edge_ = Later(edge, edge_.value_or(edge));
    acknowledged_ = header.acknowledgment;
  }

  void Inject(TcpHeader header, uint32_t payload_bytes, Ecn ecn) {
    header.source_port = kPeers.port;
    header.destination_port = kOurs.port;
    IOBufChain payload;
    if (payload_bytes != 0) {
      std::unique_ptr<IOBuf> data = IOBuf::Create(payload_bytes);
      std::byte* to = data->Append(payload_bytes);
      for (uint32_t i = 0; i < payload_bytes; ++i) {
        to[i] = PeerByte(header.sequence + i);
      }
      payload.PushBack(std::move(data));
    }
    host_.OnSegment(kPeers.address, kOurs.address, header, std::move(payload),
                    ecn, now_);
  }

  TcpHeader Segment(uint8_t flags, uint32_t sequence, uint32_t acknowledgment) {
    TcpHeader header;
    header.flags = flags;
    header.sequence = kPeerFirst + sequence;
    header.acknowledgment = our_first_ + acknowledgment;
    header.window = 5'000;
    return header;
  }

  // A handshake that works.
  void Open() {
    TcpHeader syn = Segment(kSyn, 0, 0);
    syn.segment_bytes_max = 1460;
    syn.sack_permitted = true;
    syn.window_shift = 2;
    syn.timestamps = {timestamp_, 0};
    Inject(syn, 0, Ecn::kNotCapable);
    TcpHeader ack = Segment(kAck, 1, 1);
    ack.timestamps = {timestamp_, last_timestamp_};
    Inject(ack, 0, Ecn::kNotCapable);
    host_.OnBurstEnd(now_);
  }

  void Step() {
    switch (Next() % 8) {
      case 0:
        Advance(std::chrono::milliseconds(Number() & 0xffff));
        break;
      case 1:
        Act();
        break;
      case 2:
        host_.OnBurstEnd(now_);
        break;
      case 3:
        Icmp();
        break;
      default:
        InjectDrawn();
        break;
    }
    RunDeferred();
  }

  void InjectDrawn() {
    const uint8_t bits = Next();
    const uint8_t flags =
        (bits & 1) != 0 ? Next() : static_cast<uint8_t>(kAck);
    // Near what is expected next, on both sides.
    TcpHeader header = Segment(flags, 0, 0);
    header.sequence = acknowledged_ + Number() - Number();
    header.acknowledgment += sent_ - Number() + Number();
    if ((bits & 2) != 0) header.window = static_cast<uint16_t>(Number());
    if ((bits & 4) == 0) {
      timestamp_ += Number() & 0xff;
      header.timestamps = {timestamp_ - ((bits & 8) != 0 ? Number() : 0),
                           last_timestamp_ - ((bits & 16) != 0 ? Number() : 0)};
    }
    if ((bits & 32) != 0) {
      header.sack_count = static_cast<uint8_t>(Next() % 4);
      for (size_t i = 0; i < header.sack_count; ++i) {
        const uint32_t begin = header.acknowledgment + Number();
        header.sack_blocks[i] = {begin, begin + Number()};
      }
    }
    if (header.Has(kSyn)) {
      header.segment_bytes_max = static_cast<uint16_t>(Number());
      header.window_shift = static_cast<uint8_t>(Next() % 15);
      header.sack_permitted = (bits & 64) != 0;
    }
    const uint32_t payload_bytes = (bits & 128) != 0 ? Number() % 3'000 : 0;
    Inject(header, payload_bytes, static_cast<Ecn>(bits & 3));
  }

  void Act() {
    if (connection_ == nullptr || bytes_.empty()) return;
    switch (Next() % 6) {
      case 0:
        connection_->SetReceiveWindow(Number());
        break;
      case 1:
        connection_->SetReceiveWindow(TcpConnection::kUnlimitedWindow);
        break;
      case 2:
        if (Next() % 4 == 0) connection_->Close();
        break;
      case 3:
        if (Next() % 16 == 0) connection_->Abort();
        break;
      default:
        Send(Number() % kSendBytesMax);
        break;
    }
  }

  void Send(uint32_t bytes) {
    if (bytes != 0 && unsent_.length() < kSendBytesMax) {
      const uint32_t begin = sent_ + static_cast<uint32_t>(unsent_.length());
      std::unique_ptr<IOBuf> data = IOBuf::Create(bytes);
      std::byte* to = data->Append(bytes);
      for (uint32_t i = 0; i < bytes; ++i) to[i] = StreamByte(begin + i);
      unsent_.PushBack(std::move(data));
    }
    sent_ += static_cast<uint32_t>(connection_->Send(unsent_));
  }

  void Icmp() {
    const IcmpQuotation quotation = {kOurs, kPeers,
                                     our_first_ + sent_ - Number()};
    if (Next() % 2 == 0) {
      host_.OnPathMtu(quotation, static_cast<uint16_t>(Number()), now_);
    } else {
      host_.OnUnreachable(quotation, Next() % 2 == 0);
    }
  }

  void Advance(Duration by) {
    const Time end = now_ + by;
    while (timer_ <= end) {
      now_ = std::max(now_, std::exchange(timer_, kTimeNever));
      host_.OnTimer(now_);
      RunDeferred();
    }
    now_ = end;
  }
  void RunDeferred() {
    for (; deferred_ != 0; --deferred_) host_.RunDeferred();
  }

  std::span<const uint8_t> bytes_;
  uint32_t cut_bytes_max_ = 0;
  bool has_cookies_ = false;
  Time now_{std::chrono::seconds(1000)};
  Time timer_ = kTimeNever;
  uint64_t deferred_ = 0;
  TcpConnection* connection_ = nullptr;  // The latest.
  // One of which the peer knows nothing any more may wait for its application
  // to take what has come, while the next one has its ports.
  std::vector<TcpConnection*> open_;
  IOBufChain unsent_;
  uint32_t sent_ = 1;  // Taken by the connection, and the SYN.
  uint32_t our_first_ = 0;
  uint32_t acknowledged_ = kPeerFirst + 1;
  uint32_t timestamp_ = 1000;
  uint32_t last_timestamp_ = 0;
  uint32_t shift_ = 0;
  std::optional<Sequence> edge_;
  Host host_;
};

}  // namespace

void ExerciseInput(std::span<const uint8_t> bytes) { Exercise(bytes).Run(); }

}  // namespace ebbrt::tcp::testing
