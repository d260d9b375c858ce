// Does what must not be done, so that the report of it can be looked at:
//   crash_guest null|constant|data|check|exception|stack|memory|much
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/base/check.h"
#include "core/base/types.h"
#include "core/ebb/ebb.h"
#include "core/event/event_loop.h"
#include "core/event/node.h"
#include "core/event/timer.h"
#include "core/trace/trace.h"

namespace ebbrt {
namespace {

// What the compiler must not see through.
template <typename T>
T Opaque(T value) {
  asm volatile("" : "+r"(value));
  return value;
}

[[gnu::noinline]] void WriteToNull() {
  *Opaque(reinterpret_cast<volatile int*>(sizeof(int))) = 1;
}

void WriteToConstant() {
  static constexpr int kConstant = 1;
  *const_cast<volatile int*>(Opaque(&kConstant)) = 2;
}

void ExecuteData() {
  static char data[64];
  reinterpret_cast<void (*)()>(Opaque(&data[0]))();
}

void FailCheck() { EBBRT_CHECK(Opaque(1) == 2); }

void ThrowException() { throw std::runtime_error("nobody catches it"); }

int Recurse(int depth) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  return Opaque(depth) < 0 ? 0 : Recurse(depth + 1) + frame[0];
}

EBBRT_EVENT_TAG(kQueuedTag, "crash_guest.queued");
EBBRT_EVENT_TAG(kLateTag, "crash_guest.late");
EBBRT_EVENT_TAG(kMomentTag, "crash_guest.moment");

struct LeftBehind {
  int number = 0;
};

// With an event and a timer that wait, an Ebb, and a trace of what was.
void LeaveMuchBehind() {
  ++CreateSharedEbb<LeftBehind>(std::make_unique<LeftBehind>())->number;
  std::ignore = StartTrace().Then([] {
    Spawn([] {}, kQueuedTag);
    // Never destroyed: nothing is, in a crash.
    (new Timer([] {}, kLateTag))->SetAfter(std::chrono::hours(1));
    TraceInstant(kMomentTag, 42);
    WriteToNull();
  });
}

// On a stack of an event's, not the first one.
void OverflowStack() {
  EventContext context;
  Spawn([] { std::exit(Recurse(0)); });
  if (!SaveContext(context)) std::abort();
}

// All of it, and no more: a refusal is no crash.
void UseAllMemory() {
  std::vector<void*> blocks;
  while (void* block = std::malloc(1 * kMiB)) {
    std::memset(block, 1, 1 * kMiB);
    blocks.push_back(block);
  }
  std::printf("refused after %zu MiB\n", blocks.size());
  for (void* block : blocks) std::free(block);
  Exit(0);
}

struct Deed {
  std::string_view name;
  void (*commit)();
};
constexpr Deed kDeeds[] = {
    {"null", WriteToNull},     {"constant", WriteToConstant},
    {"data", ExecuteData},     {"check", FailCheck},
    {"stack", OverflowStack},  {"exception", ThrowException},
    {"memory", UseAllMemory},  {"much", LeaveMuchBehind},
};

}  // namespace
}  // namespace ebbrt

int main(int argc, char** argv) {
  for (const ebbrt::Deed& deed : ebbrt::kDeeds) {
    if (argc == 2 && deed.name == argv[1]) {
      return ebbrt::RunNode({}, deed.commit);
    }
  }
  return 2;
}
