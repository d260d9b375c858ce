#include "core/event/rcu.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "core/event/event_loop.h"
#include "core/event/node.h"
#include "core/event/timer.h"
#include "core/testing/require.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using testing::RunOnCores;

TEST(Rcu, RunsOnAnIdleNodeOnTheDeferringCore) {
  for (uint32_t cores : {1u, 4u}) {
    RunOnCores(cores, [] {
      EventContext context;
      bool same_event = true;
      RcuDefer([&] {
        EXPECT_FALSE(same_event);
        EXPECT_EQ(Platform::CurrentCore(), CoreId(0));
        ActivateContext(context);
      });
      same_event = false;
      ASSERT_TRUE(SaveContext(context));
    });
  }
}

// An event on another core that began before must end first.
TEST(Rcu, WaitsForARunningEventOfAnotherCore) {
  RunOnCores(2, [] {
    std::atomic<bool> reader_in{false};
    std::atomic<bool> reader_out{false};
    EventContext context;
    SpawnOn(CoreId(1), [&] {
      reader_in = true;
      Time until = Platform::Now() + std::chrono::milliseconds(20);
      // In the simulator time stands still within an event, and an event of
      // another core cannot run meanwhile.
      while (!Has(Platform::kFeatures, platform::Feature::kVirtualTime) &&
             Platform::Now() < until) {
      }
      reader_out = true;
    });
    while (!reader_in) {
      Timer pause([&] { ActivateContext(context); });
      pause.SetAfter(std::chrono::microseconds(10));
      ASSERT_TRUE(SaveContext(context));
    }
    EventContext freed;
    RcuDefer([&] {
      EXPECT_TRUE(reader_out);
      ActivateContext(freed);
    });
    ASSERT_TRUE(SaveContext(freed));
  });
}

// Readers check that what they reach is alive, while a writer replaces it.
TEST(Rcu, ReadersNeverSeeWhatWasFreed) {
  struct Object {
    explicit Object(int value_in) : value(value_in) {}
    ~Object() { value = -1; }
    std::atomic<int> value;
  };
  constexpr uint32_t kReaders = 3;
  constexpr int kWrites = 20000;
  RunOnCores(kReaders + 1, [] {
    std::atomic<Object*> published{new Object(0)};
    std::atomic<bool> stop{false};
    std::atomic<uint32_t> readers{kReaders};
    EventContext context;
    struct Reader {
      static void Read(std::atomic<Object*>& published,
                       std::atomic<bool>& stop, std::atomic<uint32_t>& readers,
                       EventContext& context) {
        for (int i = 0; i < 50; ++i) {
          Object* object = published.load(std::memory_order_acquire);
          for (int j = 0; j < 10; ++j) EXPECT_GE(object->value, 0);
        }
        if (stop) {
          if (readers.fetch_sub(1) == 1) ActivateContext(context);
          return;
        }
        Spawn([&] { Read(published, stop, readers, context); });
      }
    };
    for (uint32_t i = 1; i <= kReaders; ++i) {
      SpawnOn(CoreId(i),
              [&] { Reader::Read(published, stop, readers, context); });
    }
    struct Writer {
      int left = kWrites;
      void Write(std::atomic<Object*>& published, std::atomic<bool>& stop) {
        for (int i = 0; i < 10; ++i) {
          RcuRetire(published.exchange(new Object(--left)));
        }
        if (left > 0) {
          Spawn([&] { Write(published, stop); });
        } else {
          stop = true;
        }
      }
    } writer;
    Spawn([&] { writer.Write(published, stop); });
    ASSERT_TRUE(SaveContext(context));
    RcuRetire(published.exchange(nullptr));
  });
}

TEST(Rcu, WhatIsStillDeferredAtTheEndRuns) {
  auto held = std::make_shared<int>(0);
  int ran = 0;
  testing::RequireCores(2);
  EXPECT_EQ(RunNode({.core_count = 2},
                    [&] {
                      Exit(0);
                      for (int i = 0; i < 100; ++i) {
                        RcuDefer([&ran, held] { ++ran; });
                      }
                    }),
            0);
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(held.use_count(), 1);
}

// The wait of these is over, and they stand in the loop's queue.
TEST(Rcu, WhatIsQueuedToRunAtTheEndRuns) {
  constexpr int kDeferred = 1000;
  static_assert(kDeferred > 10 * EventLoop::kTurnsPerYield);
  int ran = 0;
  EXPECT_EQ(RunNode({}, [&] {
              for (int i = 0; i < kDeferred; ++i) {
                RcuDefer([&ran] {
                  if (++ran == 1) Exit(0);
                });
              }
            }),
            0);
  EXPECT_EQ(ran, kDeferred);
}

}  // namespace
}  // namespace ebbrt
