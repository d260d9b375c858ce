// A host without a stack, for tests: it says it has many addresses, sends the
// segments that it is told to, whatever they say, and remembers what comes.
//
// Cores: the one that made it. Ownership: of its NIC.
// Blocks: never. Allocates: yes. Bound: kRepliesMax are remembered.
// Errors: failures of the test that runs.
#ifndef EBBRT_CORE_NET_STACK_STRANGER_H_
#define EBBRT_CORE_NET_STACK_STRANGER_H_

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/buf/iobuf_chain.h"
#include "core/net/ip/testing.h"
#include "core/net/link/cable.h"
#include "core/net/nic.h"
#include "core/net/wire/arp.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/checksum.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/ipv4.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::testing {

class Stranger final : private NicReceiver {
 public:
  // Every address 10.0.0.N with N of at least this is its own.
  static constexpr uint8_t kFirstAddress = 100;
  static constexpr uint8_t kNumber = 99;
  static constexpr size_t kRepliesMax = 1000;

  struct Reply {
    Ipv4Address destination;
    TcpHeader header;
    size_t payload_bytes;
  };

  // `victim` is the number of the interface that it writes to.
  Stranger(Cable& cable, uint8_t victim)
      : victim_(victim),
        nic_(cable.Attach({.address = MacOf(kNumber), .promiscuous = true})),
        queue_(*nic_->OpenQueue(0, *this)) {}
  ~Stranger() { queue_->Close(); }

  // A segment, of which it has to say what is not as usual.
  void Send(Ipv4Address source, const TcpHeader& header,
            std::string_view text = {}) {
    std::array<std::byte, kTcpHeaderBytesMax> tcp;
    const size_t tcp_bytes = WriteTcpHeader(header, tcp);
    const size_t segment_bytes = tcp_bytes + text.size();
    auto frame = IOBuf::Create(kEthernetHeaderBytes + kIpv4HeaderBytes +
                               segment_bytes);
    WriteEthernet({.destination = MacOf(victim_),
                   .source = MacOf(kNumber),
                   .type = kEtherTypeIpv4},
                  frame->Append(kEthernetHeaderBytes));
    WriteIpv4({.source = source,
               .destination = AddressOf(victim_),
               .protocol = kProtocolTcp,
               .total_bytes =
                   static_cast<uint16_t>(kIpv4HeaderBytes + segment_bytes)},
              frame->Append(kIpv4HeaderBytes));
    std::byte* segment = frame->Append(segment_bytes);
    std::memcpy(segment, tcp.data(), tcp_bytes);
    text.copy(reinterpret_cast<char*>(segment + tcp_bytes), text.size());
    ChecksumSum sum;
    sum.AddPseudoHeader(source, AddressOf(victim_), kProtocolTcp,
                        segment_bytes);
    sum.Add({segment, segment_bytes});
    StoreBig(segment + kTcpChecksumOffset, sum.Checksum());
    Transmit(std::move(frame));
  }

  // How many of the remembered have these flags.
  uint64_t Count(uint8_t flags) const {
    uint64_t count = 0;
    for (const Reply& reply : replies) {
      count += (reply.header.flags & flags) == flags;
    }
    return count;
  }
  std::deque<Reply> replies;  // The last ones.
  // What others sent to the victim last.
  std::optional<Reply> overheard;

 private:
  void OnFrame(IOBufChain frame, const ReceiveReport&) override {
    const std::span<const std::byte> bytes = frame.front().bytes();
    auto ethernet = ParseEthernet(bytes);
    ASSERT_TRUE(ethernet);
    const auto rest = bytes.subspan(kEthernetHeaderBytes);
    if (ethernet->type == kEtherTypeArp) {
      OnArp(*ParseArp(rest));
    } else if (auto ip = ParseIpv4(rest, rest.size());
               ip && ip->protocol == kProtocolTcp) {
      const auto segment = rest.subspan(ip->header_bytes, ip->payload_bytes());
      const auto tcp = ParseTcpHeader(segment);
      ASSERT_TRUE(tcp.has_value());
      Remember({ip->destination, tcp->header, segment.size() - tcp->bytes});
    }
  }
  void OnFramesEnd() override {}
  void OnTransmitReady() override {}
  void OnLink(bool) override {}

  static bool IsOurs(Ipv4Address address) {
    return address >= AddressOf(kFirstAddress) && address <= AddressOf(254);
  }

  void Remember(const Reply& reply) {
    if (!IsOurs(reply.destination)) {
      if (reply.destination == AddressOf(victim_)) overheard = reply;
      return;
    }
    replies.push_back(reply);
    if (replies.size() > kRepliesMax) replies.pop_front();
  }

  void OnArp(const ArpMessage& message) {
    if (message.is_reply || !IsOurs(message.target)) return;
    auto frame = IOBuf::Create(kEthernetHeaderBytes + kArpBytes);
    WriteEthernet({.destination = message.sender_mac,
                   .source = MacOf(kNumber),
                   .type = kEtherTypeArp},
                  frame->Append(kEthernetHeaderBytes));
    WriteArp({.is_reply = true,
              .sender_mac = MacOf(kNumber),
              .sender = message.target,
              .target_mac = message.sender_mac,
              .target = message.sender},
             frame->Append(kArpBytes));
    Transmit(std::move(frame));
  }

  void Transmit(std::unique_ptr<IOBuf> frame) {
    IOBufChain chain(std::move(frame));
    EXPECT_TRUE(queue_->Transmit(chain, {}));
    queue_->Flush();
  }

  const uint8_t victim_;
  const std::unique_ptr<Nic> nic_;
  NicQueue* const queue_;
};

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_NET_STACK_STRANGER_H_
