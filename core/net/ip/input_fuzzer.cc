// libFuzzer is the link of an interface: it chooses the frames that come, what
// the node sends meanwhile, and how time passes. Whatever comes, what the
// interface sends is well formed.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/base/check.h"
#include "core/net/ip/flow.h"
#include "core/net/ip/interface.h"
#include "core/net/ip/testing.h"
#include "core/net/link/complete_frames.h"
#include "core/net/wire/arp.h"
#include "core/net/wire/checksum.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/icmp.h"
#include "core/net/wire/ipv4.h"
#include "core/net/wire/udp.h"
#include "core/testing/choices.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::ip {
namespace {

using testing::AddressOf;
using testing::Choices;
using testing::MacOf;

constexpr uint8_t kOurs = 1;
constexpr uint16_t kPort = 7;
constexpr size_t kMtuMax = 1500;

// Every byte, so that a sanitizer sees what may not be read.
size_t Touch(const IOBufChain& chain) {
  size_t sum = 0;
  for (const IOBuf& buffer : chain) {
    for (std::byte byte : buffer.bytes()) sum += std::to_integer<size_t>(byte);
  }
  return sum;
}

// A NIC whose frames the exercise makes up, and which looks at what is sent.
class MadeUpNic final : public Nic, public NicQueue {
 public:
  MadeUpNic(Choices& choices, NicReceiver*& receiver)
      : choices_(choices), receiver_(receiver) {
    facts_.name = "made up";
    facts_.address = MacOf(kOurs);
    facts_.mtu = choices.Flip() ? kMtuMax : kIpv4MtuMin + choices.Next() * 4u;
    facts_.transmit_checksum = choices.Flip();
    if (choices.Flip()) facts_.segmentation_bytes_max = 65535;
  }
  const NicFacts& facts() const override { return facts_; }
  absl::StatusOr<NicQueue*> OpenQueue(uint32_t,
                                      NicReceiver& receiver) override {
    receiver_ = &receiver;
    return this;
  }

  bool Transmit(IOBufChain& frame, const TransmitRequest& request) override {
    if (choices_.Next() % 16 == 1) return false;
    EBBRT_CHECK(frame.buffer_count() <= facts_.buffers_max);
    EBBRT_CHECK(request.checksum_at == 0 || facts_.transmit_checksum);
    EBBRT_CHECK(CompleteFrames(frame, request, [this](auto complete) {
      LookAt(complete->bytes());
    }));
    frame.Clear();
    return true;
  }
  void Flush() override {}
  bool link_up() const override { return true; }

 private:
  void LookAt(std::span<const std::byte> frame) {
    EBBRT_CHECK(frame.size() <= facts_.mtu + kEthernetHeaderBytes);
    const Parsed<EthernetHeader> ethernet = ParseEthernet(frame);
    EBBRT_CHECK(ethernet && ethernet->source == facts_.address);
    const std::span<const std::byte> rest = frame.subspan(kEthernetHeaderBytes);
    if (ethernet->type == kEtherTypeArp) {
      EBBRT_CHECK(ParseArp(rest));
      return;
    }
    EBBRT_CHECK(ethernet->type == kEtherTypeIpv4);
    const Parsed<Ipv4Header> ip = ParseIpv4(rest, rest.size());
    EBBRT_CHECK(ip && ip->total_bytes == rest.size());
    if (ip->protocol != kProtocolIcmp || ip->is_fragment()) return;
    EBBRT_CHECK(ParseIcmp(rest.subspan(ip->header_bytes)));
  }

  Choices& choices_;
  NicReceiver*& receiver_;
  NicFacts facts_;
};

// What TCP would be told.
class TcpStub final : public TcpInput {
 public:
  bool Has(const Flow&) const override { return false; }
  void OnSegment(const Ipv4Header& header, IOBufChain&& segment) override {
    EBBRT_CHECK(segment.length() == header.payload_bytes());
    Touch(segment);
  }
  void OnBurstEnd() override {}
  void OnAddressChange() override {}
  void OnPathMtu(const IcmpQuotation&, size_t) override {}
  void OnUnreachable(const IcmpQuotation&, bool) override {}
};

class Exercise {
 public:
  explicit Exercise(std::span<const uint8_t> bytes) : choices_(bytes) {}

  void Run() {
    auto nic = std::make_unique<MadeUpNic>(choices_, receiver_);
    mtu_ = nic->facts().mtu;
    interface_ = testing::MakeInterface(std::move(nic), kOurs);
    interface_->SetTcp(&tcp_);
    auto opened = interface_->udp().Open(
        {IpAddress(), kPort}, [this](const Endpoint& from, IOBufChain data) {
          Touch(data);
          if (choices_.Flip()) {
            static_cast<void>(socket_->SendTo(from, std::move(data)));
          }
        });
    EBBRT_CHECK(opened.ok());
    socket_ = *std::move(opened);
    while (!choices_.empty()) Step();
    interface_->SetTcp(nullptr);
  }

 private:
  void Step() {
    switch (choices_.Next() % 8) {
      case 0:
        Pass();
        break;
      case 1:
        Send();
        break;
      case 2:
        receiver_->OnTransmitReady();
        break;
      case 3:
        Arp();
        break;
      case 4:
        Arrive(choices_.Take(choices_.Next()));
        break;
      default:
        Ipv4();
        break;
    }
    if (choices_.Next() % 4 == 0) receiver_->OnFramesEnd();
  }

  void Pass() {
    const auto time = std::chrono::milliseconds(choices_.Number() & 0xffff);
    EBBRT_CHECK(Delay(time).Block().ok());
  }

  // A few fragments, or as long as can be and longer where these are not many:
  // a thousand would be most of what an execution costs.
  void Send() {
    const bool is_long = choices_.Next() % 64 == 1 && mtu_ == kMtuMax;
    const size_t bytes =
        is_long ? UdpSockets::kDatagramBytesMax + choices_.Next() % 2
                : 1 + choices_.Number() % (4 * mtu_);
    std::unique_ptr<IOBuf> data = IOBuf::Create(bytes);
    std::fill_n(data->Append(bytes), bytes, std::byte{});
    static_cast<void>(socket_->SendTo(
        {AddressOf(choices_.Next() % 4).ToIpAddress(), choices_.Next16()},
        IOBufChain(std::move(data))));
  }

  // Of few hosts, so that what comes has to do with what came before.
  Ipv4Address DrawAddress() {
    const uint8_t kind = choices_.Next();
    if (kind < 200) return AddressOf(kind % 4);
    if (kind < 220) return AddressOf(255);
    return Ipv4Address(choices_.Next32());
  }

  void Arp() {
    std::vector<std::byte> frame(kEthernetHeaderBytes + kArpBytes);
    const MacAddress from = MacOf(choices_.Next() % 4);
    WriteEthernet({.destination = choices_.Flip() ? kBroadcastMac
                                                  : MacOf(kOurs),
                   .source = from,
                   .type = kEtherTypeArp},
                  frame.data());
    WriteArp({.is_reply = choices_.Flip(),
              .sender_mac = choices_.Next() % 8 == 1 ? kBroadcastMac : from,
              .sender = DrawAddress(),
              .target_mac = MacOf(kOurs),
              .target = DrawAddress()},
             frame.data() + kEthernetHeaderBytes);
    Arrive(std::move(frame));
  }

  void Ipv4() {
    Ipv4Header header;
    header.source = DrawAddress();
    header.destination = choices_.Next() % 8 == 0 ? DrawAddress()
                                                  : AddressOf(kOurs);
    constexpr uint8_t kProtocols[] = {kProtocolUdp, kProtocolIcmp,
                                      kProtocolTcp};
    const uint8_t kind = choices_.Next();
    header.protocol = kind < 240 ? kProtocols[kind % 3] : choices_.Next();
    header.time_to_live = 1 + choices_.Next() % 64;
    if (choices_.Next() % 2 == 0) {
      header.identification = choices_.Next() % 4;
      header.more_fragments = choices_.Flip();
      header.fragment_offset =
          static_cast<uint16_t>((choices_.Number() & 0x1fff) * 8);
    }
    std::vector<std::byte> payload = DrawPayload(header);
    std::vector<std::byte> frame(kEthernetHeaderBytes + kIpv4HeaderBytes);
    header.total_bytes =
        static_cast<uint16_t>(kIpv4HeaderBytes + payload.size());
    WriteEthernet({.destination = MacOf(kOurs),
                   .source = MacOf(2),
                   .type = kEtherTypeIpv4},
                  frame.data());
    WriteIpv4(header, frame.data() + kEthernetHeaderBytes);
    frame.insert(frame.end(), payload.begin(), payload.end());
    frame.resize(frame.size() + choices_.Next() % 8);  // Padding.
    Arrive(std::move(frame));
  }

  // With a header that makes some sense, and mostly the right checksum.
  std::vector<std::byte> DrawPayload(const Ipv4Header& header) {
    std::vector<std::byte> payload = choices_.Take(choices_.Next());
    payload.resize(payload.size() + kUdpHeaderBytes +
                   (choices_.Next() % 8 == 0 ? choices_.Next() * 5u : 0u));
    size_t checksum_at = kUdpChecksumOffset;
    if (header.protocol == kProtocolUdp) {
      WriteUdp({.source_port = choices_.Next(),
                .destination_port =
                    choices_.Flip() ? kPort : uint16_t{choices_.Next()},
                .total_bytes = static_cast<uint16_t>(
                    choices_.Next() % 4 == 0 ? choices_.Next()
                                             : payload.size()),
                .checksum = 0},
               payload.data());
    } else if (header.protocol == kProtocolIcmp) {
      checksum_at = kIcmpChecksumOffset;
      payload[0] = std::byte(choices_.Next() % 14);
      payload[1] = std::byte(choices_.Next() % 6);
    } else {
      return payload;
    }
    if (choices_.Next() % 8 == 1) return payload;
    ChecksumSum sum;
    if (header.protocol == kProtocolUdp) {
      sum.AddPseudoHeader(header.source, header.destination, header.protocol,
                          payload.size());
    } else {
      StoreBig<uint16_t>(payload.data() + checksum_at, 0);
    }
    sum.Add(payload);
    StoreBig<uint16_t>(payload.data() + checksum_at,
                       static_cast<uint16_t>(~sum.Sum()));
    return payload;
  }

  // In buffers of their own size, cut anywhere.
  void Arrive(std::vector<std::byte> frame) {
    IOBufChain chain;
    std::span<const std::byte> left = frame;
    while (!left.empty()) {
      const size_t bytes =
          choices_.Next() % 4 == 0
              ? std::min<size_t>(left.size(), 1 + choices_.Next() % 64)
              : left.size();
      chain.PushBack(IOBuf::CopyOf(left.first(bytes)));
      left = left.subspan(bytes);
    }
    if (chain.empty()) return;
    receiver_->OnFrame(std::move(chain),
                       {.checksum_good = choices_.Next() % 16 == 1});
  }

  Choices choices_;
  NicReceiver* receiver_ = nullptr;
  size_t mtu_ = 0;
  TcpStub tcp_;
  EbbRef<Interface> interface_;
  std::unique_ptr<UdpSocket> socket_;
};

}  // namespace
}  // namespace ebbrt::ip

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::testing::RunOnCores(1, [data, bytes] {
    ebbrt::ip::Exercise({data, bytes}).Run();
  });
  return 0;
}
