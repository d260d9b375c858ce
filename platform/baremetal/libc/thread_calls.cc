// Threads: one a processor, which it keeps until it ends. There is no
// scheduler; a thread that waits halts its processor.
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>

#include <atomic>
#include <csignal>
#include <limits>
#include <mutex>

#include "core/base/spin_lock.h"
#include "platform/baremetal/clock.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/crash.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/cpu/wake.h"
#include "platform/baremetal/libc/system_calls.h"

namespace ebbrt::platform::machine {
namespace {

constexpr uint32_t kMainThreadId = 1;
constinit std::atomic<uint32_t> last_thread_id{kMainThreadId};

using State = Processor::State;

Processor* ClaimIdleProcessor() {
  const uint32_t count = processor_count.load(std::memory_order_acquire);
  for (uint32_t i = 1; i < count; ++i) {
    State idle = State::kIdle;
    if (ProcessorAt(i).state.compare_exchange_strong(idle, State::kStarting)) {
      return &ProcessorAt(i);
    }
  }
  return nullptr;
}

int64_t Clone(const Call& call) {
  const uint64_t flags = call.a();
  if ((flags & CLONE_VM) == 0 || (flags & CLONE_THREAD) == 0) {
    return -ENOSYS;  // A process; there is but one.
  }
  Processor* processor = ClaimIdleProcessor();
  if (processor == nullptr) return -EAGAIN;
  const uint32_t id = last_thread_id.fetch_add(1) + 1;
  processor->thread_id = id;
  processor->start = call.frame;
  processor->start.rax = 0;
  processor->start.rsp = call.b();
  processor->start_fs_base = (flags & CLONE_SETTLS) != 0
                                 ? call.e()
                                 : ReadMsr(Msr::kFsBase);
  processor->clear_at_exit = nullptr;
  if ((flags & CLONE_PARENT_SETTID) != 0) *Call::At<uint32_t>(call.c()) = id;
  if ((flags & CLONE_CHILD_SETTID) != 0) *Call::At<uint32_t>(call.d()) = id;
  if ((flags & CLONE_CHILD_CLEARTID) != 0) {
    processor->clear_at_exit = Call::At<uint32_t>(call.d());
  }
  // Release: what is above is seen by who awaits it.
  processor->state.store(State::kRunning, std::memory_order_release);
  WakeProcessor(*processor);
  return id;
}

// Waiters are found by looking at all processors: there is one thread on each.
constinit SpinLock waiters_lock;

// How often the word is looked at before the processor is halted: a lock is
// mostly held for less time than an interrupt takes.
constexpr int kSpins = 1000;

int64_t WaitFor(const uint32_t* word, uint32_t value, int64_t deadline_ns) {
  for (int i = 0; i < kSpins; ++i) {
    if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) return -EAGAIN;
    Pause();
  }
  Processor& processor = CurrentProcessor();
  {
    std::scoped_lock guard(waiters_lock);
    if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) return -EAGAIN;
    processor.may_go_on.store(false, std::memory_order_relaxed);
    processor.waits_for = word;
  }
  const bool woken = HaltUntil(processor.may_go_on, deadline_ns);
  std::scoped_lock guard(waiters_lock);
  processor.waits_for = nullptr;
  return woken || processor.may_go_on.load() ? 0 : -ETIMEDOUT;
}

int64_t WakeWaiters(const uint32_t* word, uint64_t count_max) {
  uint64_t woken = 0;
  const uint32_t count = processor_count.load(std::memory_order_acquire);
  std::scoped_lock guard(waiters_lock);
  for (uint32_t i = 0; i < count && woken < count_max; ++i) {
    Processor& processor = ProcessorAt(i);
    if (processor.waits_for != word) continue;
    processor.waits_for = nullptr;
    processor.may_go_on.store(true, std::memory_order_release);
    WakeProcessor(processor);
    ++woken;
  }
  return static_cast<int64_t>(woken);
}

// The deadline in the node's time; for ever without one.
int64_t DeadlineOf(const Call& call, bool is_absolute, bool is_wall_clock) {
  if (call.d() == 0) return std::numeric_limits<int64_t>::max();
  const auto* time = Call::At<int64_t>(call.d());
  const int64_t ns = time[0] * 1000000000 + time[1];
  if (!is_absolute) return NowNs() + ns;
  return is_wall_clock ? ns - (WallClockNs() - NowNs()) : ns;
}

int64_t Futex(const Call& call) {
  const uint64_t operation = call.b() & FUTEX_CMD_MASK;
  const auto* word = Call::At<const uint32_t>(call.a());
  switch (operation) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
      return WaitFor(word, static_cast<uint32_t>(call.c()),
                     DeadlineOf(call, operation == FUTEX_WAIT_BITSET,
                                (call.b() & FUTEX_CLOCK_REALTIME) != 0));
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
      return WakeWaiters(word, call.c());
    default:
      return -ENOSYS;
  }
}

int64_t ExitThread(const Call&) {
  Processor& processor = CurrentProcessor();
  if (processor.index == 0) {
    // The main thread may end before the others.
    for (;;) HaltUntilInterrupt();
  }
  uint32_t* clear = processor.clear_at_exit;
  if (clear != nullptr) {
    __atomic_store_n(clear, 0, __ATOMIC_RELEASE);
    WakeWaiters(clear, 1);
  }
  processor.clear_at_exit = nullptr;
  CallOnStack(processor.system_stack, AwaitThread);
}

int64_t SetThreadIdAddress(const Call& call) {
  CurrentProcessor().clear_at_exit = Call::At<uint32_t>(call.a());
  return CurrentProcessor().thread_id;
}

int64_t GetThreadId(const Call&) { return CurrentProcessor().thread_id; }

int64_t Yield(const Call&) {
  Pause();
  return 0;
}

int64_t GetAffinity(const Call& call) {
  const uint32_t count = processor_count.load(std::memory_order_relaxed);
  const uint64_t bytes = (count + 63) / 64 * 8;
  if (call.b() < bytes) return -EINVAL;
  auto* mask = Call::At<uint64_t>(call.c());
  ClearWords(mask, bytes);
  for (uint32_t i = 0; i < count; ++i) mask[i / 64] |= uint64_t{1} << i % 64;
  return static_cast<int64_t>(bytes);
}

int64_t GetProcessor(const Call& call) {
  const Processor& processor = CurrentProcessor();
  if (call.a() != 0) *Call::At<uint32_t>(call.a()) = processor.index;
  if (call.b() != 0) *Call::At<uint32_t>(call.b()) = processor.numa_node;
  return 0;
}

// The interrupt of the boot processor that a request to stop is; 0: none yet.
constinit uint8_t stop_vector = 0;

// A signal to oneself. Two ask for the end in good order, as from outside; the
// others nothing handles.
int64_t Kill(const Call& call) {
  const int signal = static_cast<int>(
      call.number() == SYS_tgkill ? call.c() : call.b());
  if ((signal == SIGINT || signal == SIGTERM) && stop_vector != 0) {
    SendInterrupt(ProcessorAt(0).apic_id, stop_vector);
    return 0;
  }
  CrashBySignal(call.frame, signal);
}

constexpr SystemCallEntry kCalls[] = {
    {SYS_clone, Clone},
    {SYS_futex, Futex},
    {SYS_exit, ExitThread},
    {SYS_set_tid_address, SetThreadIdAddress},
    {SYS_gettid, GetThreadId},
    {SYS_sched_yield, Yield},
    {SYS_sched_getaffinity, GetAffinity},
    {SYS_sched_setaffinity, [](const Call&) -> int64_t { return 0; }},
    {SYS_getcpu, GetProcessor},
    {SYS_tgkill, Kill},
    {SYS_tkill, Kill},
    {SYS_kill, Kill},
    // The C library does without these where they are refused.
    {SYS_clone3, [](const Call&) -> int64_t { return -ENOSYS; }},
    {SYS_set_robust_list, [](const Call&) -> int64_t { return 0; }},
    {SYS_rseq, [](const Call&) -> int64_t { return -ENOSYS; }},
};

}  // namespace

constinit const SystemCallGroup kThreadCalls = {kCalls, std::size(kCalls)};

void SetStopVector(uint8_t vector) { stop_vector = vector; }

void AwaitThread() {
  Processor& processor = CurrentProcessor();
  processor.state.store(State::kIdle, std::memory_order_release);
  // Acquire: what the thread starts with has been written.
  while (processor.state.load(std::memory_order_acquire) != State::kRunning) {
    // A wake-up that comes right here ends the halt: `hlt` is entered with
    // interrupts still off.
    HaltUntilInterrupt();
  }
  WriteMsr(Msr::kFsBase, processor.start_fs_base);
  const ThreadFrame frame = processor.start;
  ResumeThread(&frame);
}

}  // namespace ebbrt::platform::machine
