// What an interface asks of TCP.
//
// Cores: the interface's own. Ownership: outlives its place in the interface;
// a segment belongs to whom it is passed to. Errors: none are reported.
#ifndef EBBRT_CORE_NET_IP_TCP_INPUT_H_
#define EBBRT_CORE_NET_IP_TCP_INPUT_H_

#include <cstddef>

#include "core/buf/iobuf_chain.h"
#include "core/net/ip/flow.h"
#include "core/net/wire/icmp.h"
#include "core/net/wire/ipv4.h"

namespace ebbrt::ip {

class TcpInput {
 public:
  // Whether a connection, or what is left of one, lives on this core.
  virtual bool Has(const Flow& flow) const = 0;
  // A segment, with its header, whose checksum is right and which was sent to
  // us alone.
  virtual void OnSegment(const Ipv4Header& header, IOBufChain&& segment) = 0;
  // After a burst of them.
  virtual void OnBurstEnd() = 0;
  // Packets of more than `mtu` do not reach the peer of the quoted one.
  virtual void OnPathMtu(const IcmpQuotation& quotation, size_t mtu) = 0;
  // The quoted packet did not arrive; `refused`: nobody there wants it.
  virtual void OnUnreachable(const IcmpQuotation& quotation, bool refused) = 0;
  // The interface has an address, and not those that it had before.
  virtual void OnAddressChange() = 0;

 protected:
  ~TcpInput() = default;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_TCP_INPUT_H_
