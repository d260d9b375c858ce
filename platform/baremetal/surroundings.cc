// The contract's console, entropy, and the request to stop.
#include "core/base/check.h"
#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/libc/files.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/stop_request.h"

namespace ebbrt::platform {
namespace internal {
namespace {

struct StopHandler {
  void (*on_stop)(void* context) = nullptr;
  void* context = nullptr;
};
// Of core 0, and of RunNode once the cores are gone.
constinit StopHandler stop_handler;

}  // namespace

void RequestStop() {
  // As a shell has it for SIGINT.
  constexpr int kInterrupted = 130;
  if (stop_handler.on_stop == nullptr) machine::ExitMachine(kInterrupted);
  stop_handler.on_stop(stop_handler.context);
}

void ClearStopHandler() { stop_handler = {}; }

}  // namespace internal

void Baremetal::WriteConsole(std::string_view text) noexcept {
  machine::WriteStandardOutput(text.data(), text.size());
}

void Baremetal::FillEntropy(std::span<std::byte> bytes) noexcept {
  machine::FillEntropy(bytes.data(), bytes.size());
}

void Baremetal::SetStopHandler(void (*on_stop)(void* context),
                               void* context) noexcept {
  EBBRT_CHECK(CurrentCore() == CoreId(0));
  internal::stop_handler = {on_stop, context};
}

}  // namespace ebbrt::platform
