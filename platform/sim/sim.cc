#include "platform/sim/sim.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include <unistd.h>

#include "core/base/check.h"
#include "core/base/random.h"
#include "platform/sim/simulation.h"
#include "platform/sim/stop_signal.h"

namespace ebbrt::platform {
namespace {

// What a thread's nodes have in common. Of the thread, so that each may run a
// simulation of its own.
thread_local std::optional<SimFaults> faults_set;
thread_local SimFaults faults_used;
thread_local uint64_t last_history = 0;

Simulation& Current() {
  EBBRT_CHECK(Simulation::current != nullptr);
  return *Simulation::current;
}

}  // namespace

int Sim::RunNode(const NodeOptions& options, const CoreProgram& program) {
  EBBRT_CHECK(Simulation::current == nullptr);
  SimFaults faults = faults_set.value_or(SimFaults{});
  const char* text = std::getenv("EBBRT_SIM_FAULTS");
  if (text != nullptr && !faults_set.has_value()) {
    std::string error = ParseSimFaults(text, faults);
    if (!error.empty()) {
      std::fprintf(stderr, "EBBRT_SIM_FAULTS: %s\n", error.c_str());
      return kWrongFaultsExitCode;
    }
  }
  faults_used = faults;
  Simulation simulation(options, faults);
  int code = simulation.Run(program);
  last_history = simulation.history();
  StopSignal::Ignore();
  return code;
}

uint32_t Sim::CoreCount() noexcept { return Current().core_count(); }
CoreId Sim::CurrentCore() noexcept { return Current().core().id; }
void Sim::Wake(CoreId core) noexcept { Current().Wake(core); }
void Sim::Exit(int code) noexcept { Current().Exit(code); }
bool Sim::ServiceInterrupts() { return Current().ServiceInterrupts(); }
bool Sim::Wait(Time deadline) { return Current().Wait(deadline); }

Time Sim::Now() noexcept {
  return Simulation::current == nullptr ? Time{}
                                        : Simulation::current->core().now;
}

bool Sim::SetRepresentative(EbbNumber number, void* representative) noexcept {
  return Current().core().representatives.Set(number, representative);
}

void Sim::WriteConsole(std::string_view text) noexcept {
  while (!text.empty()) {
    ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;  // Nobody listens.
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
}

void Sim::FillEntropy(std::span<std::byte> bytes) noexcept {
  if (Simulation::current != nullptr) {
    Simulation::current->FillEntropy(bytes);
    return;
  }
  // Off a node there is no run's seed.
  static thread_local constinit Random random(0);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
}

void Sim::SetStopHandler(void (*on_stop)(void* context),
                         void* context) noexcept {
  Current().SetStopHandler({on_stop, context});
  if (on_stop != nullptr) StopSignal::Watch();
}

void Sim::Charge(Duration time) noexcept { Current().core().now += time; }

void Sim::SetFaults(const SimFaults& faults) {
  EBBRT_CHECK(Simulation::current == nullptr);
  faults_set = faults;
}
void Sim::ClearFaults() { faults_set.reset(); }
const SimFaults& Sim::faults() { return faults_used; }

uint64_t Sim::History() noexcept {
  return Simulation::current == nullptr ? last_history
                                        : Simulation::current->history();
}

}  // namespace ebbrt::platform
