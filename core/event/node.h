// A node: the cores of one machine or process, brought up to run events.
//
//   int code = RunNode(options, [] { ...; Exit(0); });
//
// Cores: RunNode is called from the platform's main thread, not from a core.
// Ownership: the node owns everything that core keeps for it, and takes it
// down before RunNode returns. Blocks: RunNode, until the node ends.
// Errors: the exit code. It may be called again.
// Source: paper section 4.1.
#ifndef EBBRT_CORE_EVENT_NODE_H_
#define EBBRT_CORE_EVENT_NODE_H_

#include <memory>

#include "core/event/event.h"
#include "platform/contract.h"

namespace ebbrt {

// Brings the cores up, runs `main` as the first event of core 0, and returns
// the code given to Exit.
int RunNode(const platform::NodeOptions& options, EventFunction main);

// What RunNode has a platform run, for who hosts several nodes at once (the
// simulator): one for each time that a node is brought up. It outlives the
// node.
class NodeProgram {
 public:
  explicit NodeProgram(EventFunction main);
  ~NodeProgram();
  NodeProgram(const NodeProgram&) = delete;
  NodeProgram& operator=(const NodeProgram&) = delete;

  platform::CoreProgram program();

 private:
  class State;
  const std::unique_ptr<State> state_;
};

// Ends the node once the events that run at present have ended. The first code
// given counts. Any core.
void Exit(int code);

}  // namespace ebbrt

#endif  // EBBRT_CORE_EVENT_NODE_H_
