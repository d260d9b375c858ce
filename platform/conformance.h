// Runs a few functions on a bare platform, in place of core: what the
// conformance tests are written with.
//
// Cores: RunProgram is called from a test, off any core.
#ifndef EBBRT_PLATFORM_CONFORMANCE_H_
#define EBBRT_PLATFORM_CONFORMANCE_H_

#include <cstdint>
#include <functional>

#include "core/base/types.h"
#include "core/testing/require.h"
#include "core/testing/seed.h"
#include "platform/current.h"

namespace ebbrt::platform {

// What runs on each core. Functions are called on several cores at once.
struct TestProgram {
  std::function<void()> start = [] {};
  // Called by the loop each time that Wait has returned, and at first.
  std::function<void()> turn = [] {};
  std::function<void()> stop = [] {};
  // What to wait for after a turn.
  std::function<Time()> deadline = [] { return kTimeNever; };
  // Called as the loop ends.
  std::function<void()> end = [] {};
};

// Returns the exit code. Where the machine has too few cores the test is
// skipped.
inline int RunProgram(uint32_t core_count, TestProgram program) {
  testing::RequireCores(core_count);
  CoreProgram functions = {
      .start = [](void* p) { static_cast<TestProgram*>(p)->start(); },
      .loop =
          [](void* p) {
            TestProgram& running = *static_cast<TestProgram*>(p);
            do {
              while (Platform::ServiceInterrupts()) {
              }
              running.turn();
            } while (Platform::Wait(running.deadline()));
            running.end();
          },
      .stop = [](void* p) { static_cast<TestProgram*>(p)->stop(); },
      .context = &program};
  NodeOptions options;
  options.core_count = core_count;
  options.seed = testing::Seed();
  return Platform::RunNode(options, functions);
}

inline bool VirtualTime() {
  return Has(Platform::kFeatures, Feature::kVirtualTime);
}

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_CONFORMANCE_H_
