#include "core/ebb/ebb.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>

#include "core/async/combinators.h"
#include "core/ebb/lifetime.h"
#include "core/event/event_loop.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using testing::RunOnCores;

class Counter {
 public:
  explicit Counter(std::atomic<int>* alive) : alive_(alive) { ++*alive_; }
  ~Counter() { --*alive_; }
  int Add(int n) { return count_ += n; }
  CoreId made_on() const { return made_on_; }

 private:
  std::atomic<int>* const alive_;
  const CoreId made_on_ = Platform::CurrentCore();
  int count_ = 0;
};

TEST(Ebb, APerCoreOneIsMadeWhereItIsFirstCalled) {
  std::atomic<int> alive{0};
  RunOnCores(3, [&] {
    EbbRef<Counter> counter = CreatePerCoreEbb<Counter>(
        [&alive] { return std::make_unique<Counter>(&alive); });
    EXPECT_EQ(alive, 0) << "nothing is made before the first call";
    EXPECT_EQ(counter->Add(1), 1);
    EXPECT_EQ(counter->Add(1), 2);
    EXPECT_EQ(alive, 1);
    Future<CoreId> made = Async(CoreId(2), [=] {
      EXPECT_EQ(counter->Add(5), 5) << "each core counts for itself";
      return counter->made_on();
    });
    EXPECT_EQ(*made.Block(), CoreId(2));
    EXPECT_EQ(alive, 2);
  });
  EXPECT_EQ(alive, 0) << "the node's end destroys the representatives";
}

TEST(Ebb, ASharedOneIsTheSameOnAllCores) {
  std::atomic<int> alive{0};
  RunOnCores(2, [&] {
    auto counter = CreateSharedEbb(std::make_unique<Counter>(&alive));
    EXPECT_EQ(counter->Add(1), 1);
    EXPECT_EQ(*Async(CoreId(1), [=] { return counter->Add(1); }).Block(), 2);
  });
  EXPECT_EQ(alive, 0);
}

// A type with a fault handler of its own decides by itself; this one gives the
// same object to every core, for an id that nobody has made known.
struct Ambient {
  static Ambient& HandleFault(EbbId id) {
    static Ambient ambient;
    ++ambient.faults;
    EXPECT_TRUE(Platform::SetRepresentative(id.value(), &ambient));
    return ambient;
  }
  int faults = 0;
};

TEST(Ebb, ATypeMayHandleItsFaults) {
  RunOnCores(1, [] {
    EbbRef<Ambient> ambient{EbbId(kFirstApplicationEbb)};
    int before = ambient->faults;
    EXPECT_EQ(ambient->faults, before) << "installed: no second fault";
  });
}

TEST(Ebb, DestructionRunsOnEachCoreAndFreesTheId) {
  RunOnCores(2, [] {
    struct Traced {
      explicit Traced(std::atomic<int>* wrong_in) : wrong(wrong_in) {}
      ~Traced() {
        if (Platform::CurrentCore() != core) ++*wrong;
      }
      std::atomic<int>* wrong;
      CoreId core = Platform::CurrentCore();
      void Touch() {}
    };
    std::atomic<int> wrong{0};
    size_t ids = ebb_directory->id_count();
    auto ebb = CreatePerCoreEbb<Traced>(
        [&wrong] { return std::make_unique<Traced>(&wrong); });
    ebb->Touch();
    EXPECT_TRUE(Async(CoreId(1), [=] { ebb->Touch(); }).Block().ok());
    EXPECT_EQ(ebb_directory->id_count(), ids + 1);
    EXPECT_TRUE(DestroyEbb(ebb).Block().ok());
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(ebb_directory->id_count(), ids);
    EXPECT_EQ(Platform::Representative(ebb.id().value()), nullptr);
  });
}

TEST(EbbDirectory, KeepsTheThreeIdSpacesApart) {
  EbbDirectory directory(7);
  EbbId local = *directory.AllocateLocalId();
  EbbId global = *directory.AllocateGlobalId();
  EXPECT_FALSE(local.is_global() || local.is_static());
  EXPECT_TRUE(global.is_global());
  EXPECT_EQ((global.value() - EbbId::kFirstGlobal) / EbbId::kGlobalIdsPerNode,
            7u);
  EXPECT_TRUE(kEventLoopId.is_static());
}

TEST(EbbDirectory, UsesUpAllIdsThenTheFreedOnes) {
  EbbDirectory directory(EbbId::kNodesMax - 1);
  std::set<EbbId> ids;
  for (uint32_t i = 0; i < EbbId::kGlobalIdsPerNode; ++i) {
    EXPECT_TRUE(ids.insert(*directory.AllocateGlobalId()).second);
  }
  EXPECT_TRUE(
      absl::IsResourceExhausted(directory.AllocateGlobalId().status()));
  directory.FreeId(*ids.begin());
  EXPECT_EQ(*directory.AllocateGlobalId(), *ids.begin());
}

TEST(EbbDeathTest, CallingAnEbbThatDoesNotExistFailsACheck) {
  EXPECT_DEATH(RunOnCores(1,
                          [] {
                            EbbRef<Counter> none{EbbId(99)};
                            none->Add(1);
                          }),
               "check failed: root != nullptr");
}

}  // namespace
}  // namespace ebbrt
