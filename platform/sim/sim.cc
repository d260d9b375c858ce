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
thread_local uint64_t last_history = 0;
thread_local Sim::Extension* extension_set = nullptr;

Simulation& Current() {
  EBBRT_CHECK(Simulation::current != nullptr);
  return *Simulation::current;
}

bool HasCore() {
  return Simulation::current != nullptr && Simulation::current->has_core();
}

SimCore& Core() {
  EBBRT_CHECK(HasCore());
  return Simulation::current->core();
}

// The node of a simulation that is one node's.
class OnlyNode final : public SimProgram {
 public:
  OnlyNode(Simulation& simulation, const CoreProgram& program)
      : simulation_(simulation), program_(program) {}

  CoreProgram Boot(SimNode&) override { return program_; }
  void OnEnd(SimNode&, int code) override { simulation_.End(code); }
  void WriteConsole(SimNode&, std::string_view text) override {
    Sim::WriteStandardOutput(text);
  }

 private:
  Simulation& simulation_;
  const CoreProgram& program_;
};

}  // namespace

int Sim::RunNode(const NodeOptions& options, const CoreProgram& program) {
  EBBRT_CHECK(Simulation::current == nullptr);
  SimulationOptions simulated;
  simulated.seed = options.seed;
  std::string error;
  if (faults_set.has_value()) {
    simulated.faults = *faults_set;
  } else {
    error = ReadSimFaults(simulated.faults);
  }
  if (!error.empty()) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return kWrongConfigurationExitCode;
  }
  Simulation simulation(simulated);
  OnlyNode only(simulation, program);
  SimNode& node = simulation.AddNode("0", options, only);
  if (extension_set != nullptr) extension_set->Begin(simulation);
  simulation.Boot(node);
  simulation.Run();
  if (extension_set != nullptr) extension_set->End();
  last_history = simulation.history();
  StopSignal::Ignore();
  return simulation.code();
}

uint32_t Sim::CoreCount() noexcept { return Core().node->core_count(); }
CoreId Sim::CurrentCore() noexcept { return Core().id; }
void Sim::Wake(CoreId core) noexcept { Current().Wake(core); }
void Sim::Exit(int code) noexcept { Current().Exit(code); }
bool Sim::ServiceInterrupts() { return Current().ServiceInterrupts(); }
bool Sim::Wait(Time deadline) { return Current().Wait(deadline); }

Time Sim::Now() noexcept {
  if (!HasCore()) return Time{};
  const SimCore& core = Core();
  return core.node->ToNodeTime(core.now);
}

Duration Sim::WallClock() noexcept {
  if (!HasCore()) return kEpoch;
  const SimCore& core = Core();
  return kEpoch + core.now.time_since_epoch() + core.node->clock().wall_offset;
}

void Sim::EndEvent(uint32_t tag, uint64_t bytes) noexcept {
  Current().EndEvent(tag, bytes);
}

bool Sim::SetRepresentative(EbbNumber number, void* representative) noexcept {
  return Core().representatives.Set(number, representative);
}

void Sim::WriteConsole(std::string_view text) noexcept {
  if (HasCore()) {
    SimNode& node = *Core().node;
    if (!node.crashed()) node.program().WriteConsole(node, text);
    return;
  }
  WriteStandardOutput(text);
}

void Sim::WriteStandardOutput(std::string_view text) noexcept {
  while (!text.empty()) {
    ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;  // Nobody listens.
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
}

void Sim::FillEntropy(std::span<std::byte> bytes) noexcept {
  if (HasCore()) {
    Core().node->FillEntropy(bytes);
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

void Sim::Charge(Duration time) noexcept { Current().Charge(time); }

void Sim::SetFaults(const SimFaults& faults) {
  EBBRT_CHECK(Simulation::current == nullptr);
  faults_set = faults;
}
void Sim::SetExtension(Extension* extension) { extension_set = extension; }
void Sim::ClearFaults() { faults_set.reset(); }

uint64_t Sim::History() noexcept {
  return Simulation::current == nullptr ? last_history
                                        : Simulation::current->history();
}

}  // namespace ebbrt::platform
