#include "core/event/stack.h"

#include <cxxabi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include "core/base/check.h"
#include "core/base/spin_lock.h"
#include "platform/current.h"

// The sanitizers must be told of every switch.
#if defined(__SANITIZE_ADDRESS__)
#define EBBRT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EBBRT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define EBBRT_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define EBBRT_TSAN 1
#endif
#if defined(EBBRT_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(EBBRT_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

// System V x86-64 calling convention: rbx, rbp, r12 to r15 and the control
// words of the x87 and of SSE belong to the caller, the rest is lost in a call.
asm(R"(
    .pushsection .text
    .globl ebbrt_switch_stack
    .type ebbrt_switch_stack, @function
    .p2align 4
ebbrt_switch_stack:
    .cfi_startproc
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    # Enters here who is not to be resumed: there may be no place left that its
    # stack pointer could be written to.
    .globl ebbrt_leave_for_stack
ebbrt_leave_for_stack:
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .cfi_endproc
    .size ebbrt_switch_stack, . - ebbrt_switch_stack

    # Where a prepared stack starts: the entry is in r12, its argument in r13.
    # There is no caller, which a backtrace learns from the undefined rip.
    .globl ebbrt_start_stack
    .type ebbrt_start_stack, @function
ebbrt_start_stack:
    .cfi_startproc
    .cfi_undefined rip
    movq %r13, %rdi
    xorl %ebp, %ebp
    callq *%r12
    ud2
    .cfi_endproc
    .size ebbrt_start_stack, . - ebbrt_start_stack
    .popsection
)");

extern "C" {
// Saves the caller's registers on its stack, stores its stack pointer in
// `*from`, and returns on the stack `to`.
void ebbrt_switch_stack(void** from, void* to);
void ebbrt_leave_for_stack(void** nowhere, void* to);
void ebbrt_start_stack();
}

namespace ebbrt {
namespace {

constexpr size_t kSpareStacksMax = 64;

// The C++ runtime keeps the exceptions in flight a thread, but they belong to
// the flow of control: an event may block inside a catch block.
// Layout: Itanium C++ ABI, section 2.2.2.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

ExceptionState* CurrentExceptions() {
  return reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
}

// Stacks of nodes that have ended, for the next ones. A process that runs one
// short node after the other, as tests and fuzzers do, would spend a third of
// its time on mapping and unmapping them.
class SpareStacks {
 public:
  Stack* Take() {
    std::scoped_lock guard(lock_);
    return count_ == 0 ? nullptr : stacks_[--count_];
  }
  // Destroys what there is no place for.
  void Give(Stack* stack) {
    if (!Keep(stack)) Stack::Destroy(stack);
  }

 private:
  bool Keep(Stack* stack) {
    std::scoped_lock guard(lock_);
    if (count_ == stacks_.size()) return false;
    stacks_[count_++] = stack;
    return true;
  }

  SpinLock lock_;
  std::array<Stack*, kSpareStacksMax> stacks_{};
  size_t count_ = 0;
};

constinit SpareStacks spare_stacks;

}  // namespace

void SwitchContext(StackContext& from, StackContext& to) {
  ExceptionState* exceptions = CurrentExceptions();
  ExceptionState mine = std::exchange(*exceptions, ExceptionState{});
#if defined(EBBRT_ASAN)
  to.resumed_by = &from;
  __sanitizer_start_switch_fiber(&from.shadow, to.stack_bottom, to.stack_bytes);
#endif
#if defined(EBBRT_TSAN)
  from.shadow = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to.shadow, 0);
#endif
  ebbrt_switch_stack(&from.stack_pointer, to.stack_pointer);
#if defined(EBBRT_ASAN)
  __sanitizer_finish_switch_fiber(from.shadow, nullptr, nullptr);
#endif
  *CurrentExceptions() = mine;
}

void LeaveForContext(StackContext& to) {
#if defined(EBBRT_ASAN)
  // A null place for the record says that this stack ends. With it goes the
  // memory that the sanitizer may have given our local variables.
  __sanitizer_start_switch_fiber(nullptr, to.stack_bottom, to.stack_bytes);
#endif
#if defined(EBBRT_TSAN)
  __tsan_switch_to_fiber(to.shadow, 0);
#endif
  ebbrt_leave_for_stack(nullptr, to.stack_pointer);
  __builtin_unreachable();
}

Stack* Stack::Create() {
  constexpr size_t kReservedBytes = kGuardBytes + kBytes;
  void* reservation =
      Platform::ReservePages(kReservedBytes, Platform::kPageBytes);
  if (reservation == nullptr) return nullptr;
  std::byte* bottom = static_cast<std::byte*>(reservation) + kGuardBytes;
  if (!Platform::CommitPages(bottom, kBytes, Platform::CurrentNumaNode())) {
    Platform::UnreservePages(reservation, kReservedBytes);
    return nullptr;
  }
  static_assert(sizeof(Stack) % 16 == 0, "the stack below it stays aligned");
  return ::new (bottom + kBytes - sizeof(Stack)) Stack(reservation);
}

bool Stack::Recommit() {
  return Platform::CommitPages(
      static_cast<std::byte*>(reservation_) + kGuardBytes, kBytes,
      Platform::CurrentNumaNode());
}

void Stack::Destroy(Stack* stack) {
#if defined(EBBRT_TSAN)
  if (stack->shadow_ != nullptr) __tsan_destroy_fiber(stack->shadow_);
#endif
  void* reservation = stack->reservation_;
#if defined(EBBRT_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(static_cast<std::byte*>(reservation),
                              kGuardBytes + kBytes);
#endif
  Platform::UnreservePages(reservation, kGuardBytes + kBytes);
}

void Stack::Prepare(StackContext& context, void (*entry)(void*),
                    void* argument) {
  entry_ = entry;
  argument_ = argument;
  context_ = &context;
  std::byte* bottom = static_cast<std::byte*>(reservation_) + kGuardBytes;
  context = StackContext{};
  context.stack_bottom = bottom;
  context.stack_bytes = kBytes - sizeof(Stack);
#if defined(EBBRT_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(bottom, context.stack_bytes);
#endif
#if defined(EBBRT_TSAN)
  if (shadow_ != nullptr) __tsan_destroy_fiber(shadow_);
  shadow_ = __tsan_create_fiber(0);
  context.shadow = shadow_;
#endif
  // What ebbrt_switch_stack takes off again, from low to high: the control
  // words, r15, r14, r13, r12, rbx, rbp, the return address. Above it
  // stands nothing: the stack is aligned to 16 bytes at the call of r12.
  void** top = reinterpret_cast<void**>(this);
  *--top = reinterpret_cast<void*>(&ebbrt_start_stack);
  *--top = nullptr;                                // rbp
  *--top = nullptr;                                // rbx
  *--top = reinterpret_cast<void*>(&Stack::Start);  // r12
  *--top = this;                                   // r13
  *--top = nullptr;                                // r14
  *--top = nullptr;                                // r15
  // The values that the psABI gives a new process: all exceptions masked.
  constexpr uint64_t kMxcsr = 0x1f80;
  constexpr uint64_t kX87ControlWord = 0x037f;
  *--top = reinterpret_cast<void*>(kMxcsr | kX87ControlWord << 32);
  context.stack_pointer = top;
}

void Stack::Start(void* stack) {
  Stack* self = static_cast<Stack*>(stack);
#if defined(EBBRT_ASAN)
  StackContext* from = self->context_->resumed_by;
  const void* bottom;
  size_t bytes;
  __sanitizer_finish_switch_fiber(nullptr, &bottom, &bytes);
  from->stack_bottom = bottom;
  from->stack_bytes = bytes;
#endif
  self->entry_(self->argument_);
}

StackPool::~StackPool() {
  while (Stack* stack = free_.PopFront()) spare_stacks.Give(stack);
}

Stack* StackPool::Take() {
  if (Stack* stack = free_.PopFront()) {
    --free_count_;
    return stack;
  }
  if (Stack* spare = spare_stacks.Take()) {
    if (spare->Recommit()) return spare;
    spare_stacks.Give(spare);
    return nullptr;
  }
  return Stack::Create();
}

void StackPool::Give(Stack* stack) {
  if (free_count_ == kPooledStacksMax) {
    Stack::Destroy(stack);
    return;
  }
  // The one used last is the one still in the cache.
  free_.PushFront(stack);
  ++free_count_;
}

}  // namespace ebbrt
