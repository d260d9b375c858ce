// Receiver: the end of a measurement that sends each message back once all of
// it has come. Where it is small, it is sent as it came; where it is large, out
// of one buffer, so that a device gets its buffers back meanwhile.
//
// Cores: its connection's. Ownership, Blocks, Errors: as Peer.
// Allocates: a buffer of a message's size, if that is beyond kLentBytesMax.
// Bound: that, or kLentBytesMax of a device's buffers.
#ifndef EBBRT_APPS_NETPIPE_RECEIVER_H_
#define EBBRT_APPS_NETPIPE_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "apps/netpipe/options.h"
#include "apps/netpipe/peer.h"
#include "core/base/types.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"

namespace ebbrt::netpipe {

class Receiver final : public Peer {
 public:
  static constexpr size_t kLentBytesMax = 32 * kKiB;

  Receiver(std::shared_ptr<const Options> options, Ended ended)
      : Peer(options->silence, std::move(ended)),
        options_(std::move(options)) {}

  uint64_t messages() const { return messages_; }

 private:
  // What the next Sync means.
  enum class Sync {
    kBeforeProbe,  // Messages of the first size, which tell how long they take.
    kAfterProbe,
    kBeforeSize,
    kBeforeTrial,
  };

  void OnOpen() override;
  void OnSync() override;
  void OnQuit() override;
  void OnRepeats(uint32_t repeats) override;
  void OnPart(IOBufChain part, size_t offset) override;
  void OnMessage() override;

  void ExpectSync(Sync sync);
  void BeginTrial(uint32_t repeats, uint32_t bytes);
  void EndTrial();

  const std::shared_ptr<const Options> options_;
  Sync sync_ = Sync::kBeforeProbe;
  size_t step_ = 0;     // Of the schedule, the current or next one.
  uint32_t trial_ = 0;  // Trials that have ended of this size.
  uint32_t repeats_ = 0;
  uint32_t left_ = 0;   // Messages of this trial that have not come.
  uint32_t message_bytes_ = 0;
  uint64_t messages_ = 0;
  IOBufChain small_;
  std::unique_ptr<IOBuf> large_;
};

}  // namespace ebbrt::netpipe

#endif  // EBBRT_APPS_NETPIPE_RECEIVER_H_
