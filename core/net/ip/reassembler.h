// Puts the fragments of packets together again.
//
// A fragment that overlaps another one with other bytes, or that contradicts
// another one about the packet's end, ends the whole packet: no honest sender
// makes one, and which bytes count would be the attacker's choice. One that
// comes twice is ignored.
//
// Cores: one. Ownership: owns the fragments. Blocks: never.
// Allocates: records; the fragments stay in the buffers that they came in.
// Bound: kPacketsMax, kBytesMax, kFragmentsMax a packet, kTimeout; where there
// is no room the oldest packet gives way. Units: bytes, Time.
// Errors: none: what does not become whole is dropped and counted.
// Source: RFC 791 section 3.2; RFC 815; RFC 5722 (overlaps, for IPv6);
// RFC 1122 section 3.3.2.
#ifndef EBBRT_CORE_NET_IP_REASSEMBLER_H_
#define EBBRT_CORE_NET_IP_REASSEMBLER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>

#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/wire/ipv4.h"

namespace ebbrt::ip {

struct WholePacket {
  Ipv4Header header = {};  // As if it had come as one; without options.
  IOBufChain payload = {};
};

class Reassembler {
 public:
  static constexpr size_t kPacketsMax = 64;
  static constexpr size_t kFragmentsMax = 128;
  // Of payload, in all packets.
  static constexpr size_t kBytesMax = 512 * kKiB;
  static constexpr Duration kTimeout = std::chrono::seconds(30);

  // A fragment, without its header. Returns the packet that it completes.
  // REQUIRES: header.is_fragment(), as ParseIpv4 found it.
  std::optional<WholePacket> Add(const Ipv4Header& header, IOBufChain payload,
                                 Time now);

  // Drops what has waited too long.
  void OnTimer(Time now);
  // When that is next; kTimeNever if nothing waits.
  Time next_deadline() const {
    return packets_.empty() ? kTimeNever : packets_.front().deadline;
  }

  size_t packet_count() const { return packets_.size(); }
  size_t bytes() const { return bytes_; }
  // Packets that were given up, for whatever reason.
  uint64_t dropped() const { return dropped_; }

 private:
  struct Packet {
    Ipv4Header first;  // Of fragment 0 once it is there, else of any.
    Time deadline;
    std::map<size_t, IOBufChain> fragments;  // By offset.
    std::optional<size_t> end;               // Once the last one is there.
    size_t bytes = 0;
  };
  using Packets = std::list<Packet>;

  Packets::iterator FindOrMake(const Ipv4Header& header, Time now);
  void Drop(Packets::iterator packet);
  WholePacket Take(Packets::iterator packet);

  // Invariants: 1. the oldest is first, so deadlines ascend; 2. bytes_ is the
  // sum of theirs; 3. the fragments of a packet do not overlap.
  Packets packets_;
  size_t bytes_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_REASSEMBLER_H_
