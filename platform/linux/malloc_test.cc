// malloc where only Linux can ask for it: on threads that are no cores, and in
// the children of a process.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "core/async/combinators.h"
#include "core/base/types.h"
#include "core/mem/allocator.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt {
namespace {

using testing::RunOnCores;

constexpr size_t kMailboxes = 64;
std::atomic<uint64_t*> mailboxes[kMailboxes];

// Swaps objects with whoever else does, and checks what it gets.
void Exchange(uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < count; ++i) {
    size_t words = 2 + random() % 600;
    auto* object = static_cast<uint64_t*>(malloc(words * 8));
    ASSERT_NE(object, nullptr);
    object[0] = words;
    for (size_t j = 1; j < words; ++j) object[j] = words * j;
    uint64_t* other = mailboxes[random() % kMailboxes].exchange(object);
    if (other == nullptr) continue;
    for (size_t j = 1; j < other[0]; ++j) ASSERT_EQ(other[j], other[0] * j);
    free(other);
  }
}

void EmptyMailboxes() {
  for (auto& mailbox : mailboxes) free(mailbox.exchange(nullptr));
}

TEST(MallocOnLinux, ThreadsAndCoresShareObjects) {
  constexpr int kCount = 30'000;
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 3; ++i) {
    threads.emplace_back([i] { Exchange(testing::Seed() + i, kCount); });
  }
  RunOnCores(2, [] {
    std::vector<Future<void>> parts;
    for (uint32_t i = 0; i < 2; ++i) {
      parts.push_back(Async(CoreId(i), [i] {
        Exchange(testing::Seed() + 10 + i, kCount);
      }));
    }
    EXPECT_TRUE(WhenAll(std::move(parts)).Block().ok());
  });
  for (std::thread& thread : threads) thread.join();
  EmptyMailboxes();
}

TEST(MallocOnLinux, ObjectsOutliveTheirThread) {
  std::vector<void*> objects(10'000);
  std::thread([&] {
    for (void*& object : objects) object = malloc(300);
  }).join();
  for (void* object : objects) free(object);
  mem::Trim();
  constexpr mem::SizeClass kClass = mem::ComputeSizeClass(300);
  EXPECT_LT(mem::ReadStatistics().classes[kClass].objects_in_use, 1000u);
}

// The child allocates on every path that takes a lock, and ends.
void ForkAndAllocate() {
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(20);  // A lock that nobody will release ends it, as a failure.
    for (size_t bytes = 1; bytes < 200'000; bytes += 1 + bytes / 4) {
      free(malloc(bytes));
    }
    _exit(malloc(10'000'000) == nullptr);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(MallocOnLinux, ChildrenOfABusyProcessCanAllocate) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&stop] {
      // Large enough that each call holds the lock of the pages for most of
      // its time.
      while (!stop) free(malloc(100'000));
    });
  }
  for (int i = 0; i < 40; ++i) ForkAndAllocate();
  RunOnCores(1, [] {
    for (int i = 0; i < 40; ++i) ForkAndAllocate();
  });
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace ebbrt
