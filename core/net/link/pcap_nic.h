// A NIC around another one, which writes down what passes, in the format that
// Wireshark and tcpdump read.
//
// Frames appear as they are on the wire: complete, in the order in which the
// stack saw them, with this node's clock.
//
// Cores: as core/net/nic.h; the cores' frames are written one after the other.
// Ownership: owns the NIC inside and the sink. Blocks: where the sink does; a
// lock is held meanwhile. Allocates: a copy of each frame sent.
// Bound: the sink's. Errors: those of the NIC inside.
// Source: draft-ietf-opsawg-pcap (nanosecond format).
#ifndef EBBRT_CORE_NET_LINK_PCAP_NIC_H_
#define EBBRT_CORE_NET_LINK_PCAP_NIC_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "core/net/nic.h"

namespace ebbrt {

// Takes the next bytes of the file.
using PcapSink = std::function<void(std::span<const std::byte>)>;

std::unique_ptr<Nic> WithPcap(std::unique_ptr<Nic> inside, PcapSink sink);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_LINK_PCAP_NIC_H_
