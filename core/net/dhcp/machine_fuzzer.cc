// libFuzzer is the servers of a DHCP client: it chooses their messages, whether
// an address is taken, and how time passes.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "core/base/check.h"
#include "core/net/dhcp/machine.h"
#include "core/net/wire/dhcp.h"
#include "core/testing/choices.h"

namespace ebbrt::dhcp {
namespace {

constexpr MacAddress kMac = {{2, 0, 0, 0, 0, 1}};
// By itself, a machine may not send more often than this for long.
constexpr Duration kPerMessageMin = std::chrono::seconds(1);
// No node is up for a century; of leases there are longer ones.
constexpr Time kEnd{std::chrono::hours(24 * 365 * 100)};

class Exercise final : public Link {
 public:
  explicit Exercise(std::span<const uint8_t> bytes)
      : choices_(bytes), machine_(*this, kMac, choices_.Next()) {}

  void Run() {
    machine_.Start(now_);
    while (!choices_.empty()) Step();
    // Nobody answers any more.
    if (std::exchange(probing_, false)) machine_.OnProbed(false, now_);
    Advance(std::chrono::minutes(10));
    machine_.Release();
    EBBRT_CHECK(!has_lease_ && machine_.next_deadline() == kTimeNever);
  }

  // Link.
  void Broadcast(const DhcpMessage& message) override {
    EBBRT_CHECK(message.broadcast || message.type != DhcpType::kDiscover);
    OnSent(message);
  }
  void SendTo(Ipv4Address server, const DhcpMessage& message) override {
    EBBRT_CHECK(has_lease_ && IsHost(server));
    OnSent(message);
  }
  void Probe(Ipv4Address address) override {
    EBBRT_CHECK(!has_lease_ && IsHost(address));
    probing_ = true;
  }
  void OnLease(const Lease& lease) override {
    EBBRT_CHECK(IsHost(lease.address) && IsHost(lease.server));
    EBBRT_CHECK(lease.prefix_bits >= 1 && lease.prefix_bits <= 32);
    EBBRT_CHECK(lease.renew <= lease.rebind && lease.rebind <= lease.expire);
    has_lease_ = true;
  }
  void OnLeaseLost() override {
    EBBRT_CHECK(std::exchange(has_lease_, false));
  }

 private:
  static bool IsHost(Ipv4Address address) {
    return !address.unspecified() && !address.is_multicast() &&
           !address.is_broadcast() && !address.is_loopback();
  }

  void OnSent(const DhcpMessage& message) {
    std::array<std::byte, kDhcpMessageBytes> written;
    WriteDhcp(message, written.data());
    const Parsed<DhcpMessage> parsed = ParseDhcp(written);
    EBBRT_CHECK(parsed && *parsed == message);
    last_ = message;
    ++sent_;
  }

  void Step() {
    switch (choices_.Next() % 4) {
      case 0:
        // A while, or until it has something to do.
        Advance(choices_.Flip() || machine_.next_deadline() > kEnd
                    ? std::chrono::seconds(choices_.Number() & 0xfff)
                    : std::max(machine_.next_deadline() - now_, Duration()));
        break;
      case 1:
        if (std::exchange(probing_, false)) {
          machine_.OnProbed(choices_.Next() % 4 == 1, now_);
        }
        break;
      case 2:
        AnyMessage();
        break;
      default:
        Answer();
        break;
    }
    EBBRT_CHECK((machine_.state() >= State::kBound) == has_lease_);
    EBBRT_CHECK((machine_.state() == State::kProbing) == probing_);
    // It waits for something, unless the lease is for ever.
    EBBRT_CHECK(machine_.next_deadline() != kTimeNever || probing_ ||
                (has_lease_ && machine_.lease().expire == kTimeNever));
  }

  // As it comes from the wire.
  void AnyMessage() {
    const auto bytes = choices_.Take(choices_.Next16() % 512);
    const Parsed<DhcpMessage> message = ParseDhcp(bytes);
    if (message) machine_.OnMessage(*message, now_);
  }

  Ipv4Address DrawAddress() {
    const uint8_t kind = choices_.Next();
    return kind < 200 ? Ipv4Address(10, 0, 0, kind % 4)
                      : Ipv4Address(choices_.Next32());
  }
  std::optional<uint32_t> DrawTime() {
    if (choices_.Next() % 4 == 0) return std::nullopt;
    return choices_.Flip() ? choices_.Number() : choices_.Next32();
  }

  void Answer() {
    if (!last_.has_value()) return;
    constexpr DhcpType kTypes[] = {DhcpType::kOffer, DhcpType::kAck,
                                   DhcpType::kAck, DhcpType::kNak};
    DhcpMessage reply;
    reply.is_reply = true;
    reply.transaction = last_->transaction;
    reply.client_mac = kMac;
    reply.type = kTypes[choices_.Next() % 4];
    reply.yours = DrawAddress();
    reply.server = DrawAddress();
    reply.router = DrawAddress();
    reply.subnet_mask = Ipv4Address(choices_.Flip() ? 0xffffff00
                                                    : choices_.Next32());
    reply.lease_seconds = DrawTime();
    reply.renewal_seconds = DrawTime();
    reply.rebinding_seconds = DrawTime();
    machine_.OnMessage(reply, now_);
  }

  void Advance(Duration by) {
    const Time begin = now_;
    const Time end = now_ + by;
    const uint64_t before = sent_;
    while (machine_.next_deadline() <= end) {
      now_ = std::max(now_, machine_.next_deadline());
      machine_.OnTimer(now_);
      EBBRT_CHECK(sent_ - before <= 16 + static_cast<uint64_t>(
                                             (now_ - begin) / kPerMessageMin));
    }
    now_ = end;
  }

  testing::Choices choices_;
  Machine machine_;
  Time now_{std::chrono::seconds(50)};
  std::optional<DhcpMessage> last_;
  uint64_t sent_ = 0;
  bool has_lease_ = false;
  bool probing_ = false;
};

}  // namespace
}  // namespace ebbrt::dhcp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::dhcp::Exercise({data, bytes}).Run();
  return 0;
}
