#include "platform/baremetal/libc/system_calls.h"

#include <atomic>

#include "platform/baremetal/console.h"

namespace ebbrt::platform::machine {
namespace {

constexpr uint32_t kNumbers = 512;
constinit SystemCall table[kNumbers] = {};  // Null is refused.
constinit std::atomic<bool> named[kNumbers] = {};
constinit std::atomic<uint64_t> unknown{0};

int64_t Refuse(const Call& call) {
  unknown.fetch_add(1, std::memory_order_relaxed);
  if (call.number() < kNumbers &&
      !named[call.number()].exchange(true, std::memory_order_relaxed)) {
    ConsoleWriter()
        .Text("system call ")
        .Decimal(call.number())
        .Text(" is not served\n");
  }
  return -ENOSYS;
}

}  // namespace

void InitializeSystemCalls() {
  for (const SystemCallGroup* group :
       {&kMemoryCalls, &kThreadCalls, &kTimeCalls, &kFileCalls,
        &kProcessCalls}) {
    for (size_t i = 0; i < group->count; ++i) {
      table[group->entries[i].number] = group->entries[i].serve;
    }
  }
}

uint64_t UnknownSystemCalls() {
  return unknown.load(std::memory_order_relaxed);
}

extern "C" void HandleSystemCall(ThreadFrame* frame) {
  ++CurrentProcessor().system_call_count;
  const Call call{*frame};
  const SystemCall serve =
      call.number() < kNumbers ? table[call.number()] : nullptr;
  frame->rax =
      static_cast<uint64_t>(serve != nullptr ? serve(call) : Refuse(call));
}

}  // namespace ebbrt::platform::machine
