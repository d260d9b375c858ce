// Transmitter: the end of a measurement that sends messages, has them sent
// back, and takes the time.
//
// Cores: its connection's. Ownership, Blocks, Errors: as Peer; what was
// measured up to an error stays.
// Allocates: one buffer, of the largest message so far.
// Bound: Options::kRepeatsMax messages a trial.
#ifndef EBBRT_APPS_NETPIPE_TRANSMITTER_H_
#define EBBRT_APPS_NETPIPE_TRANSMITTER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "apps/netpipe/measurement.h"
#include "apps/netpipe/options.h"
#include "apps/netpipe/peer.h"
#include "core/base/types.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"

namespace ebbrt::netpipe {

// How often the next size's trial sends its message: as often as about
// `trial` has room for, judged by the one before.
uint32_t RepeatsFor(Duration trial, double last_latency_ns, uint32_t last_bytes,
                    uint32_t bytes, uint32_t repeats_min);

class Transmitter final : public Peer {
 public:
  // `measured` is told each time that a size has been.
  Transmitter(std::shared_ptr<const Options> options, Ended ended,
              std::function<void(const Measurement&)> measured)
      : Peer(options->silence, std::move(ended)),
        options_(std::move(options)),
        measured_(std::move(measured)) {}

  const Measurement& measurement() const { return measurement_; }

 private:
  // What the next Sync means.
  enum class Sync { kBeforeProbe, kAfterProbe, kBeforeSize, kBeforeTrial };

  void OnOpen() override;
  void OnSync() override;
  void OnQuit() override;
  void OnRepeats(uint32_t) override {}  // Never expected.
  void OnPart(IOBufChain part, size_t offset) override;
  void OnMessage() override;

  void Say(Sync sync);
  void BeginSize();
  void BeginTrial(uint32_t repeats, uint32_t bytes);
  void EndTrial();
  // Goes on to the next size, or ends.
  void NextSize();
  void SendMessage();
  const Step& step() const { return options_->schedule[step_]; }

  const std::shared_ptr<const Options> options_;
  const std::function<void(const Measurement&)> measured_;
  Measurement measurement_;
  Sync sync_ = Sync::kBeforeProbe;
  size_t step_ = 0;
  uint32_t trial_ = 0;
  uint32_t repeats_ = 0;
  uint32_t left_ = 0;  // Messages of this trial that have not come back.
  uint32_t message_bytes_ = 0;
  bool is_wrong_ = false;  // The message that is coming back.
  Time begin_{};           // Of the trial.
  double best_ns_ = 0;
  double last_latency_ns_ = 0;
  uint32_t last_bytes_ = 0;
  std::unique_ptr<IOBuf> message_;
};

}  // namespace ebbrt::netpipe

#endif  // EBBRT_APPS_NETPIPE_TRANSMITTER_H_
