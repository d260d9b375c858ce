// Stacks for events, and the switch from one to another.
//
// Cores: a pool, and its stacks, are used by one thread of control.
// Ownership: a pool owns the stacks that it keeps ready; one that was taken is
// its user's until it is given back.
// Blocks: no. Allocates: pages. Bound: kPooledStacksMax kept ready by a pool,
// and a few more of the process's earlier nodes.
// Errors: a null stack where memory is refused; an overflow hits the guard.
#ifndef EBBRT_CORE_EVENT_STACK_H_
#define EBBRT_CORE_EVENT_STACK_H_

#include <cstddef>
#include <cstdint>

#include "core/base/intrusive_queue.h"

namespace ebbrt {

// What a suspended flow of control is: everything else stands on its stack.
struct StackContext {
  void* stack_pointer = nullptr;
  // Only the sanitizers need the rest: their own record of the flow, the
  // bounds of its stack, and who switched here last.
  void* shadow = nullptr;
  const void* stack_bottom = nullptr;
  size_t stack_bytes = 0;
  StackContext* resumed_by = nullptr;
};

// Suspends the caller into `from` and resumes `to`. Callee-saved registers, the
// floating point control words and the state of C++ exceptions in flight are
// kept.
void SwitchContext(StackContext& from, StackContext& to);

// As SwitchContext, for a caller that is never resumed.
[[noreturn]] void LeaveForContext(StackContext& to);

class alignas(16) Stack : public ListLink {
 public:
  // Usable bytes, and those below them that must never be touched.
  static constexpr size_t kBytes = size_t{256} << 10;
  static constexpr size_t kGuardBytes = size_t{16} << 10;

  // Null where memory is refused.
  static Stack* Create();
  static void Destroy(Stack* stack);

  // Asks for the memory that it has, for another node: false where a new stack
  // would be refused, so that a node's history does not tell whether there were
  // others before it.
  bool Recommit();

  // Makes `context` start `entry(argument)` at the top of this stack; entry
  // never returns. Whatever stood on the stack is forgotten.
  void Prepare(StackContext& context, void (*entry)(void*), void* argument);

 private:
  // The object itself stands at the top of its stack.
  explicit Stack(void* reservation) : reservation_(reservation) {}

  static void Start(void* stack);

  void* const reservation_;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  StackContext* context_ = nullptr;
  void* shadow_ = nullptr;  // The sanitizer's record, made by Prepare.
};

// The stacks that a core keeps for its next blocking event. Those that it has
// at its end go to the process's next nodes.
class StackPool {
 public:
  static constexpr size_t kPooledStacksMax = 16;

  StackPool() = default;
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // Null where memory is refused.
  Stack* Take();
  void Give(Stack* stack);

 private:
  IntrusiveList<Stack> free_;
  size_t free_count_ = 0;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_EVENT_STACK_H_
