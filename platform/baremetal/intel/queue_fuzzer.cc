// libFuzzer is the controller of a pair of rings: it chooses what it writes
// into descriptors and buffers, in either format, and when it interrupts.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "core/testing/choices.h"
#include "core/testing/run_on_cores.h"
#include "platform/baremetal/intel/fake_controller.h"
#include "platform/baremetal/intel/queue.h"
#include "platform/baremetal/nic/hostile_receiver.h"

namespace ebbrt::platform::intel {
namespace {

using ebbrt::testing::Choices;
using platform::testing::HostileReceiver;
using testing::FakeController;

Queue::Setup DrawSetup(Choices& choices) {
  const uint8_t bits = choices.Next();
  return {.number = bits % 2u,
          .causes = kCauseReceived | kCauseTransmitted,
          .receive_buffers = 16 + choices.Next() % 8u,
          .format = (bits & 2) != 0 ? kReceiveExtendedFormat
                                    : kReceiveLegacyFormat,
          .shares_context = (bits & 4) != 0};
}

class Exercise {
 public:
  explicit Exercise(std::span<const uint8_t> bytes)
      : choices_(bytes), setup_(DrawSetup(choices_)), controller_(setup_) {}

  void Run() {
    auto made = Queue::Create(controller_.registers(), setup_);
    EBBRT_CHECK(made.ok());
    queue_ = *std::move(made);
    queue_->Open(receiver_);
    receiver_.SetQueue(queue_.get(), Queue::kBuffersMax);
    while (!choices_.empty()) Step();
    receiver_.SetQueue(nullptr, 1);
    // Frames may be kept for longer than the queue.
    queue_.reset();
  }

 private:
  void Step() {
    switch (choices_.Next() % 8) {
      case 0:
      case 1:
        Fill();
        break;
      case 2:
        Scribble(controller_.receive_ring());
        break;
      case 3:
        if (choices_.Flip()) {
          Scribble(controller_.transmit_ring());
        } else {
          FinishSome();
        }
        break;
      case 4:
        receiver_.Send();
        break;
      case 5:
        receiver_.DropOne();
        break;
      case 6:
        queue_->SetLink(choices_.Flip());
        break;
      default:
        TakeTurns();
        break;
    }
    queue_->OnInterrupt();
  }

  // Says that a buffer is filled. It is not, as the address may be anybody's
  // by now; a driver reads nothing of it.
  void Fill() {
    controller_.Receive(
        "",
        {.bytes = static_cast<uint16_t>(
             choices_.Flip() ? choices_.Next16() % 2100 : choices_.Number()),
         .status = static_cast<uint8_t>(
             choices_.Flip() ? kReceiveDone | kReceiveEndOfFrame
                             : choices_.Next()),
         .errors = choices_.Flip() ? uint8_t{0} : choices_.Next()});
  }

  void FinishSome() {
    for (uint8_t i = choices_.Next() % 64; i != 0; --i) {
      TransmitDescriptor* const next = controller_.NextTransmit();
      if (next == nullptr) return;
      next->data.status = kTransmitDone;
    }
  }

  void Scribble(std::span<std::byte> ring) {
    // Near its beginning, most of the time, where it is used.
    const size_t at = choices_.Flip() ? choices_.Next() : choices_.Next16();
    ring[at % ring.size()] = std::byte{choices_.Next()};
  }

  // Has the loop poll for a while.
  void TakeTurns() {
    for (uint8_t i = choices_.Next() % 4; i != 0; --i) {
      EventContext context;
      Spawn([&] { ActivateContext(context); });
      EBBRT_CHECK(SaveContext(context));
    }
  }

  Choices choices_;
  const Queue::Setup setup_;
  FakeController controller_;
  HostileReceiver receiver_{choices_, ReceivePool::kBufferBytes};
  std::unique_ptr<Queue> queue_;
};

}  // namespace
}  // namespace ebbrt::platform::intel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::testing::RunOnCores(1, [data, bytes] {
    ebbrt::platform::intel::Exercise({data, bytes}).Run();
  });
  return 0;
}
