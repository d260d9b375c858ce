#include "core/testing/require.h"

#include <atomic>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "core/base/types.h"
#include "gtest/gtest.h"
#include "platform/current.h"

namespace ebbrt::testing {
namespace {

// How many cores a node had that was asked to have so many; 0: there was none.
uint32_t CoresOfANode(uint32_t core_count) {
  uint32_t found = 0;
  platform::CoreProgram program = {
      .start =
          [](void* found) {
            *static_cast<uint32_t*>(found) = Platform::CoreCount();
          },
      .loop =
          [](void*) {
            Platform::Exit(0);
            while (Platform::Wait(kTimeNever)) {
            }
          },
      .stop = [](void*) {},
      .context = &found};
  platform::NodeOptions options;
  options.core_count = core_count;
  Platform::RunNode(options, program);
  return found;
}

[[noreturn]] void Skip(const std::string& reason) {
  [&] { GTEST_SKIP() << reason; }();
  // The skip is recorded; this does no more than leave the test's function.
  throw ::testing::AssertionException(::testing::TestPartResult(
      ::testing::TestPartResult::kSkip, __FILE__, __LINE__, reason.c_str()));
}

}  // namespace

void RequireCores(uint32_t core_count) {
  static uint32_t had = 1;
  if (core_count <= had) return;
  if (CoresOfANode(core_count) == core_count) {
    had = core_count;
    return;
  }
  const uint32_t all = CoresOfANode(0);
  EBBRT_CHECK(all < core_count);
  Skip("it needs " + std::to_string(core_count) +
       " cores; this machine has " + std::to_string(all));
}

void RequireThreads(uint32_t thread_count) {
  std::atomic<bool> enough{false};
  std::vector<std::thread> threads;
  try {
    while (threads.size() < thread_count) {
      threads.emplace_back([&] {
        while (!enough) std::this_thread::yield();
      });
    }
  } catch (const std::system_error&) {
    // It is told below.
  }
  enough = true;
  for (std::thread& thread : threads) thread.join();
  if (threads.size() < thread_count) {
    Skip("it needs " + std::to_string(thread_count) +
         " threads beside its own; this machine has " +
         std::to_string(threads.size()));
  }
}

}  // namespace ebbrt::testing
