// The stack on which a core's thread takes signals: a fault may have happened
// because there was no other left.
//
// Cores: the thread that enters it leaves it. Ownership: of its memory.
// Errors: where memory is refused, signals are taken on the usual stack.
#ifndef EBBRT_PLATFORM_LINUX_SIGNAL_STACK_H_
#define EBBRT_PLATFORM_LINUX_SIGNAL_STACK_H_

#include <cstddef>

#include "core/base/types.h"

namespace ebbrt::platform::internal {

class SignalStack {
 public:
  SignalStack() = default;
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

  void Enter();
  void Leave();

 private:
  static constexpr size_t kBytes = 64 * kKiB;

  void* memory_ = nullptr;
};

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_LINUX_SIGNAL_STACK_H_
