// The "hold" model: a queue of n events, of which the earliest is taken and
// scheduled again, as a simulation of n cores does.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <deque>

#include "core/base/random.h"
#include "core/base/types.h"
#include "platform/sim/event_queue.h"

namespace ebbrt::platform {
namespace {

void BM_Hold(benchmark::State& state) {
  Random random(1);
  std::deque<SimEvent> events(state.range(0));
  EventQueue queue;
  Time now{};
  auto later = [&] { return now + Duration(random.Below(10000)); };
  for (SimEvent& event : events) queue.Schedule(event, later());
  for (auto _ : state) {
    now = queue.next_time();
    SimEvent* event = queue.Pop();
    queue.Schedule(*event, later());
  }
  queue.Clear();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Hold)->Arg(100)->Arg(10000)->Arg(1000000);

void BM_Move(benchmark::State& state) {
  Random random(1);
  std::deque<SimEvent> events(state.range(0));
  EventQueue queue;
  for (SimEvent& event : events) {
    queue.Schedule(event, Time(Duration(random.Below(10000))));
  }
  for (auto _ : state) {
    queue.Schedule(events[random.Below(events.size())],
                   Time(Duration(random.Below(10000))));
  }
  queue.Clear();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Move)->Arg(100)->Arg(10000);

}  // namespace
}  // namespace ebbrt::platform
