// Does in software what a frame asks of its device: checksums, and cutting it
// into segments.
//
// Cores: any. Ownership: the frame is only read. Blocks: never.
// Allocates: a buffer for each frame that comes of it, which is in one piece,
// as a device writes it. Bound: a segment each segment_bytes.
// Errors: false where memory is refused, or where the request makes no sense
// of the frame; then less, or nothing, has come of it.
// Source: virtio 1.2 section 5.1.6.2; RFC 9293 section 3.1.
#ifndef EBBRT_CORE_NET_LINK_COMPLETE_FRAMES_H_
#define EBBRT_CORE_NET_LINK_COMPLETE_FRAMES_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/nic.h"

namespace ebbrt {

bool CompleteFrames(const IOBufChain& frame, const TransmitRequest& request,
                    absl::FunctionRef<void(std::unique_ptr<IOBuf>)> sink);

}  // namespace ebbrt

#endif  // EBBRT_CORE_NET_LINK_COMPLETE_FRAMES_H_
