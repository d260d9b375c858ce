// Does one primitive so often, and nothing else: who counts the instructions
// of two runs learns what one costs (tools/instructions).
//
//   primitive_cost spawn 1000
//
// Exit code 2 for a command line that it does not understand.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "core/ebb/ebb.h"
#include "core/event/event_loop.h"
#include "core/event/node.h"
#include "core/event/timer.h"

namespace ebbrt {
namespace {

struct Counter {
  [[gnu::noinline]] void Add(uint64_t n) {
    asm volatile("");  // Or the compiler makes one addition of all.
    sum += n;
  }
  uint64_t sum = 0;
};

void CallEbb(uint64_t count) {
  EbbRef<Counter> counter =
      CreatePerCoreEbb<Counter>([] { return std::make_unique<Counter>(); });
  for (uint64_t i = 0; i < count; ++i) counter->Add(i);
}

// One after the other: each has a turn of the loop of its own.
void SpawnNext(EventContext& context, uint64_t left) {
  Spawn([&context, left] {
    if (left == 0) {
      ActivateContext(context);
    } else {
      SpawnNext(context, left - 1);
    }
  });
}

void SpawnLocally(uint64_t count) {
  EventContext context;
  SpawnNext(context, count);
  if (!SaveContext(context)) std::abort();
}

void FireTimer(uint64_t count) {
  EventContext context;
  Timer* self = nullptr;
  Timer timer([&] {
    if (count-- == 0) {
      ActivateContext(context);
    } else {
      self->SetAfter(Duration(0));
    }
  });
  self = &timer;
  timer.SetAfter(Duration(0));
  if (!SaveContext(context)) std::abort();
}

// To the loop and back.
void SwitchFibers(uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    EventContext context;
    ActivateContext(context);
    if (!SaveContext(context)) std::abort();
  }
}

void Allocate(uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    void* object = std::malloc(64);
    asm volatile("" : "+r"(object));  // Or the pair is left out.
    std::free(object);
  }
}

struct Primitive {
  std::string_view name;
  void (*run)(uint64_t count);
};
constexpr Primitive kPrimitives[] = {{"ebb_call", CallEbb},
                                     {"spawn", SpawnLocally},
                                     {"timer", FireTimer},
                                     {"fiber_switch", SwitchFibers},
                                     {"malloc_free", Allocate}};

}  // namespace
}  // namespace ebbrt

int main(int argc, char** argv) {
  uint64_t count = 0;
  if (argc == 3) {
    std::string_view text = argv[2];
    std::from_chars(text.data(), text.data() + text.size(), count);
  }
  for (const ebbrt::Primitive& primitive : ebbrt::kPrimitives) {
    if (argc != 3 || count == 0 || primitive.name != argv[1]) continue;
    return ebbrt::RunNode({}, [&primitive, count] {
      primitive.run(count);
      ebbrt::Exit(0);
    });
  }
  std::fputs("usage: primitive_cost NAME COUNT, NAME one of", stderr);
  for (const ebbrt::Primitive& primitive : ebbrt::kPrimitives) {
    std::fprintf(stderr, " %s", primitive.name.data());
  }
  std::fputs("\n", stderr);
  return 2;
}
