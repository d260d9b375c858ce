#include "core/event/node.h"

#include <memory>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/ebb/directory.h"
#include "core/ebb/ebb_id.h"
#include "core/event/event_loop.h"
#include "core/event/rcu.h"
#include "core/mem/allocator.h"
#include "core/trace/counter.h"
#include "platform/current.h"

namespace ebbrt {

// Everything that core keeps for a node and that is not an Ebb's.
class NodeProgram::State {
 public:
  explicit State(EventFunction main) : main_(std::move(main)) {}

  platform::CoreProgram program() {
    return {.start = [](void* node) { static_cast<State*>(node)->Start(); },
            .loop = [](void*) { EventLoop::Run(); },
            .stop = [](void* node) { static_cast<State*>(node)->Stop(); },
            .context = this};
  }

 private:
  // On each core, core 0 first.
  void Start() {
    mem::EnterCore();
    CoreId core = Platform::CurrentCore();
    if (core == CoreId(0)) {
      rcu_ = std::make_unique<internal::RcuNode>(Platform::CoreCount());
      loops_.resize(Platform::CoreCount());
      counters_ = std::make_unique<CoreCounters[]>(Platform::CoreCount());
    }
    loops_[core.index()] = new EventLoop(core, loops_.data(), *rcu_);
    Install(kEbbDirectoryId, &directory_);
    Install(kEventLoopId, loops_[core.index()]);
    Install(kCoreCountersId, &counters_[core.index()]);
    if (core == CoreId(0)) event_loop->Spawn(std::move(main_));
  }

  // On each core, core 0 last.
  void Stop() {
    CoreId core = Platform::CurrentCore();
    event_loop->Drain();
    directory_.DropRepresentatives();
    if (core == CoreId(0)) {
      directory_.Clear();
      for (EventLoop* loop : loops_) delete loop;
    }
    mem::LeaveCore();
  }

  static void Install(EbbId id, void* representative) {
    bool installed = Platform::SetRepresentative(id.value(), representative);
    EBBRT_CHECK(installed);
  }

  EventFunction main_;
  // Before what may have counters in it, so that it goes after them.
  std::unique_ptr<CoreCounters[]> counters_;
  EbbDirectory directory_;
  std::unique_ptr<internal::RcuNode> rcu_;
  std::vector<EventLoop*> loops_;
};

NodeProgram::NodeProgram(EventFunction main)
    : state_(std::make_unique<State>(std::move(main))) {}

NodeProgram::~NodeProgram() = default;

platform::CoreProgram NodeProgram::program() { return state_->program(); }

int RunNode(const platform::NodeOptions& options, EventFunction main) {
  NodeProgram node(std::move(main));
  return Platform::RunNode(options, node.program());
}

void Exit(int code) { Platform::Exit(code); }

}  // namespace ebbrt
