#include "core/ebb/ebb.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <vector>

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

// One interface; whether a core's representative is the Ebb or stands for one
// that lives elsewhere is the type's business, and no caller's. (Core 0 stands
// for the other node here; a messenger takes the place of Async.)
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual Future<int> Add(int amount) = 0;
  static Ledger& HandleFault(EbbId id);
};

class LocalLedger final : public Ledger {
 public:
  Future<int> Add(int amount) override {
    return ReadyFuture<int>(sum_ += amount);
  }

 private:
  int sum_ = 0;
};

class LedgerProxy final : public Ledger {
 public:
  explicit LedgerProxy(EbbRef<Ledger> ledger) : ledger_(ledger) {}
  Future<int> Add(int amount) override {
    ++forwarded_;
    return Async(CoreId(0), [ledger = ledger_, amount] {
      return ledger->Add(amount);
    });
  }
  int forwarded() const { return forwarded_; }

 private:
  const EbbRef<Ledger> ledger_;
  int forwarded_ = 0;
};

// What each core has in place of the Ebb.
class LedgerRoot final : public EbbRoot {
 public:
  explicit LedgerRoot(EbbId id) : id_(id), proxies_(Platform::CoreCount()) {}
  void* Representative() override {
    CoreId core = Platform::CurrentCore();
    if (core == CoreId(0)) return static_cast<Ledger*>(&local_);
    std::unique_ptr<Ledger>& proxy = proxies_[core.index()];
    if (proxy == nullptr) {
      proxy = std::make_unique<LedgerProxy>(EbbRef<Ledger>(id_));
    }
    return proxy.get();
  }
  void DropRepresentative() override {
    proxies_[Platform::CurrentCore().index()].reset();
  }

 private:
  const EbbId id_;
  LocalLedger local_;
  std::vector<std::unique_ptr<Ledger>> proxies_;
};

Ledger& Ledger::HandleFault(EbbId id) {
  // Nobody has made it known: the first fault does, on whichever core.
  EbbRoot* root =
      ebb_directory->FindOrAdd(id, std::make_unique<LedgerRoot>(id));
  Ledger* ledger = static_cast<Ledger*>(root->Representative());
  EXPECT_TRUE(Platform::SetRepresentative(id.value(), ledger));
  return *ledger;
}

TEST(Ebb, ATypeMayHaveProxiesForRepresentatives) {
  RunOnCores(3, [] {
    EbbRef<Ledger> ledger(*ebb_directory->AllocateGlobalId());
    EXPECT_EQ(*Async(CoreId(1), [=] { return ledger->Add(5); }).Block(), 5);
    EXPECT_EQ(*ledger->Add(1).Block(), 6);
    EXPECT_EQ(*Async(CoreId(2), [=] { return ledger->Add(10); }).Block(), 16);
    EXPECT_EQ(*Async(CoreId(1), [=] { return ledger->Add(1); }).Block(), 17);
    EXPECT_NE(dynamic_cast<LocalLedger*>(&*ledger), nullptr);
    int forwarded = *Async(CoreId(1), [=] {
                       auto* proxy = dynamic_cast<LedgerProxy*>(&*ledger);
                       return proxy == nullptr ? -1 : proxy->forwarded();
                     }).Block();
    EXPECT_EQ(forwarded, 2);
    EXPECT_TRUE(DestroyEbb(ledger).Block().ok());
  });
}

TEST(EbbDirectory, KeepsTheFirstOfTheRootsItIsOffered) {
  EbbDirectory directory;
  EbbId id = *directory.AllocateLocalId();
  auto root = [] {
    return std::make_unique<internal::SharedRoot<int>>(
        std::make_unique<int>(0));
  };
  EbbRoot* first = directory.FindOrAdd(id, root());
  EXPECT_EQ(directory.FindOrAdd(id, root()), first);
  EXPECT_EQ(directory.root_count(), 1u);
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
