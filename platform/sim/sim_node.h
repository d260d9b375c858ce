// A simulated node and its cores.
//
// Cores: the host thread that simulates. Ownership: of the simulation; a node
// owns its cores, which are there from one life to the next.
#ifndef EBBRT_PLATFORM_SIM_SIM_NODE_H_
#define EBBRT_PLATFORM_SIM_SIM_NODE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/intrusive_queue.h"
#include "core/base/random.h"
#include "core/base/types.h"
#include "platform/contract.h"
#include "platform/sim/cost_table.h"
#include "platform/sim/event_queue.h"
#include "platform/sim/representatives.h"

namespace ebbrt::platform {

class SimNode;

// What a device has for a core: it is served there, as an event.
class SimInterrupt : public QueueLink<SimInterrupt> {
 public:
  // On the core that it was raised on. It may be destroyed from within.
  virtual void Serve() = 0;
  // Its node has gone first.
  virtual void Drop() = 0;
  // Serve is called soon: as SimAction::Fetch.
  virtual void FetchServe(int /*step*/) const {}

 protected:
  ~SimInterrupt() = default;
};

// What a core's turn leaves behind for a device, taken when the turn has ended
// and been charged for.
class SimOutput : public QueueLink<SimOutput> {
 public:
  virtual void Leave() = 0;

 protected:
  ~SimOutput() = default;
};

// A core; as an event it is the return from its Wait. What it takes to wake it
// is one cache line.
struct alignas(kCacheLineBytes) SimCore : SimEvent {
  // It has been woken since it last returned from Wait.
  bool woken = false;
  CoreId id;
  // Of its node, while that is up; else 0.
  uint32_t life = 0;
  SimNode* node = nullptr;
  // How far it has come, in the simulation's time. Ahead of the queue's while
  // it runs, by what it has been charged.
  Time now{};
  IntrusiveQueue<SimInterrupt> interrupts;

  // When what it runs began.
  Time begun{};
  IntrusiveQueue<SimOutput> outputs;
  SimRepresentatives representatives;
  // What ended on it last, and when, for messages.
  Time last_event{};
  uint32_t last_tag = 0;
};
static_assert(sizeof(SimCore) == 2 * kCacheLineBytes);

// Who brings a node up and hears of its end.
class SimProgram {
 public:
  // The program of the life that begins.
  virtual CoreProgram Boot(SimNode& node) = 0;
  // That life is over, and nothing of it is left.
  virtual void OnEnd(SimNode& node, int code) = 0;
  // Whole lines that the node writes.
  virtual void WriteConsole(SimNode& node, std::string_view text) = 0;

 protected:
  ~SimProgram() = default;
};

// How a node's clock differs from the simulation's.
struct SimClock {
  Duration wall_offset{};
  // Parts in a thousand million by which it is fast; above -1e9.
  int64_t drift_ppb = 0;
};

class alignas(kCacheLineBytes) SimNode {
 public:
  // A request to stop that has come from outside: its handler.
  struct StopHandler {
    void (*function)(void* context) = nullptr;
    void* context = nullptr;
  };

  SimNode(uint32_t number, std::string name, const NodeOptions& options,
          SimProgram& program);
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;

  uint32_t number() const { return number_; }
  const std::string& name() const { return name_; }
  std::span<SimCore> cores() { return {cores_.get(), core_count_}; }
  uint32_t core_count() const { return core_count_; }
  SimProgram& program() { return program_; }
  bool up() const { return up_; }
  // What it still does while it is taken down, nobody sees.
  bool crashed() const { return crashed_; }
  // Counts its boots: what is under way to an earlier life is lost.
  uint32_t life() const { return life_; }

  // What its events cost; null: nothing. And how many times that.
  void SetCosts(const CostTable* costs) { costs_ = costs; }
  void SetSlowdown(double slowdown) { slowdown_ = slowdown; }
  // From a wake-up until a core that slept goes on.
  void SetWakeLatency(Duration latency) { wake_latency_ = latency; }
  // What its clock does from then on, in the simulation's time; until then it
  // goes as before, and its monotonic time never goes back.
  void SetClock(const SimClock& clock, Time from = Time{});
  const SimClock& clock() const { return clock_; }

  // The node's clock, which starts at 0 as it boots, and back.
  Time ToNodeTime(Time time) const;
  Time FromNodeTime(Time time) const;

  void FillEntropy(std::span<std::byte> bytes);

 private:
  friend class Simulation;

  // What every turn of a core touches stands first.
  const uint32_t number_;
  bool up_ = false;
  bool crashed_ = false;
  bool ends_ = false;
  bool stop_requested_ = false;
  const CostTable* costs_ = nullptr;
  double slowdown_ = 1;
  Duration wake_latency_{};
  // Where its clock has stood since it boots, or was set: at the simulation's
  // time set_at_ it was clock_then_.
  Time set_at_{};
  Time clock_then_{};
  SimClock clock_;

  uint32_t life_ = 0;
  const uint32_t core_count_;
  const std::unique_ptr<SimCore[]> cores_;
  const std::string name_;
  const NodeOptions options_;
  SimProgram& program_;
  int code_ = 0;
  CoreProgram running_{};
  StopHandler stop_handler_;
  Random entropy_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_SIM_NODE_H_
