// A frame on its way out, and what it asks of the device.
//
// Cores: one at a time. Ownership: owns its buffers.
#ifndef EBBRT_CORE_NET_IP_OUTGOING_FRAME_H_
#define EBBRT_CORE_NET_IP_OUTGOING_FRAME_H_

#include "core/buf/iobuf_chain.h"
#include "core/net/nic.h"

namespace ebbrt::ip {

struct OutgoingFrame {
  IOBufChain bytes = {};
  TransmitRequest request = {};
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_OUTGOING_FRAME_H_
