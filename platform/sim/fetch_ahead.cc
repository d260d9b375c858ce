#include "platform/sim/fetch_ahead.h"

#include "platform/sim/sim_node.h"

namespace ebbrt::platform {
namespace {

void FetchTurn(const SimCore& core, int step) {
  const SimInterrupt* interrupt = core.interrupts.front();
  if (step == 0) {
    FetchLines(core.node, 1);
    if (interrupt != nullptr) FetchLines(interrupt, 2);
  } else if (interrupt != nullptr) {
    interrupt->FetchServe(step);
  }
  core.representatives.Fetch(step);
}

void Fetch(const SimEvent& event, int step) {
  if (event.is_action()) {
    static_cast<const SimAction&>(event).Fetch(step);
  } else {
    FetchTurn(static_cast<const SimCore&>(event), step);
  }
}

}  // namespace

void FetchAhead(const EventQueue& queue) {
  if (queue.size() <= kFewEvents) return;
  if (const SimEvent* event = queue.Ahead(kEventAhead)) FetchLines(event, 2);
  for (int step = 0; step < SimAction::kFetchSteps; ++step) {
    if (const SimEvent* event = queue.Ahead(kStepAhead[step])) {
      Fetch(*event, step);
    }
  }
}

}  // namespace ebbrt::platform
