// What may not be lost on a processor that halts: wake-ups, which an NMI comes
// in between, and that translations are to be forgotten.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <random>
#include <thread>
#include <utility>

#include "core/testing/seed.h"
#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/clock.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/cpu/wake.h"

namespace ebbrt::platform::machine {
namespace {

uint64_t WhereAnNmiReturns(uint64_t interrupted) {
  ExceptionFrame frame = {};
  frame.vector = static_cast<uint64_t>(Exception::kNmi);
  frame.rip = interrupted;
  HandleException(&frame);
  return frame.rip;
}

TEST(Halt, IsNotBegunBehindAnNmi) {
  const auto begin = reinterpret_cast<uint64_t>(halt_begin);
  const auto end = reinterpret_cast<uint64_t>(halt_end);
  EXPECT_EQ(WhereAnNmiReturns(begin), end);
  // Anywhere else it goes on where it was.
  EXPECT_EQ(WhereAnNmiReturns(end), end);
  EXPECT_EQ(WhereAnNmiReturns(begin - 1), begin - 1);
}

constexpr int64_t kNsPerSecond = 1000 * 1000 * 1000;

// Without a device, a system call or a pause, any of which an emulator leaves
// the guest for.
void SpinUpTo(uint64_t turns, std::mt19937_64& random) {
  for (uint64_t i = random() % turns; i > 0; --i) asm volatile("");
}

constexpr uint64_t kTurnsMax = 4000;

// A thread that halts until it is asked, and answers; whoever asks it knows
// whether it sleeps on.
class Sleeper {
 public:
  explicit Sleeper(uint64_t seed, std::function<void()> when_asked = [] {})
      : random_(seed),
        when_asked_(std::move(when_asked)),
        thread_([this] { Run(); }) {
    while (processor_.load() == nullptr) Pause();
  }
  ~Sleeper() {
    ends_ = true;
    Ask();
    thread_.join();
  }

  uint32_t apic_id() const { return processor_.load()->apic_id; }
  void Ask() {
    asked_ = true;
    WakeProcessor(*processor_);
  }
  bool HasAnswered() const { return !asked_; }

 private:
  void Run() {
    processor_ = &CurrentProcessor();
    while (!ends_) {
      // HaltUntil, but that there is time to be asked between the look at the
      // flag and the halt.
      while (!asked_) {
        SpinUpTo(kTurnsMax, random_);
        HaltUntilInterrupt();
      }
      if (!ends_) when_asked_();
      asked_ = false;
    }
  }

  std::atomic<Processor*> processor_{nullptr};
  std::atomic<bool> asked_{false};
  std::atomic<bool> ends_{false};
  std::mt19937_64 random_;
  const std::function<void()> when_asked_;
  std::thread thread_;
};

// As a shootdown's, the NMI comes at any instruction of the other processor.
TEST(Halt, LosesNoWakeUpToAnNmi) {
  if (processor_count.load() < 2) GTEST_SKIP() << "there is one processor";
  // So many that, were they lost, some would be; fewer on a busy host.
  constexpr int kRoundsMax = 30000;
  constexpr int64_t kRoundsNs = 20 * kNsPerSecond;
  // Far beyond what a virtual processor waits for a real one.
  constexpr int64_t kLostNs = 60 * kNsPerSecond;
  std::mt19937_64 random(testing::Seed());
  Sleeper sleeper(random());
  const int64_t end_ns = NowNs() + kRoundsNs;
  int rounds = 0;
  for (; rounds < kRoundsMax && NowNs() < end_ns; ++rounds) {
    sleeper.Ask();
    SpinUpTo(kTurnsMax, random);
    SendNmi(sleeper.apic_id());
    const int64_t lost_ns = NowNs() + kLostNs;
    while (!sleeper.HasAnswered()) {
      ASSERT_LT(NowNs(), lost_ns) << "lost in round " << rounds;
      Pause();
    }
  }
  RecordProperty("rounds", rounds);
  printf("%d rounds\n", rounds);
}

// A page's translation is known to the sleeper when it halts, and is another
// one when it is asked again.
TEST(Halt, EndsWithTheTranslationsOfThen) {
  if (processor_count.load() < 2) GTEST_SKIP() << "there is one processor";
  constexpr int kRounds = 200;
  constexpr size_t kPages = 2;
  auto* pages = static_cast<volatile uint64_t*>(Baremetal::ReservePages(
      kPages * Baremetal::kPageBytes, Baremetal::kPageBytes));
  ASSERT_NE(pages, nullptr);
  auto page = [&](size_t index) {
    return const_cast<uint64_t*>(pages) +
           index * Baremetal::kPageBytes / sizeof(uint64_t);
  };
  auto commit = [&](size_t index, uint64_t value) {
    const bool committed =
        Baremetal::CommitPages(page(index), Baremetal::kPageBytes, 0);
    if (committed) pages[page(index) - pages] = value;
    return committed;
  };
  std::atomic<uint64_t> seen{0};
  Sleeper sleeper(testing::Seed(), [&] { seen = *pages; });
  auto what_it_sees = [&] {
    sleeper.Ask();
    while (!sleeper.HasAnswered()) Pause();
    return seen.load();
  };
  uint64_t value = 0;
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(commit(0, ++value));
    ASSERT_EQ(what_it_sees(), value);
    Baremetal::DecommitPages(page(0), Baremetal::kPageBytes);
    // The memory of the first page becomes the second one's.
    ASSERT_TRUE(commit(1, ++value) && commit(0, ++value));
    ASSERT_EQ(what_it_sees(), value);
    Baremetal::DecommitPages(page(0), Baremetal::kPageBytes);
    Baremetal::DecommitPages(page(1), Baremetal::kPageBytes);
  }
  Baremetal::UnreservePages(page(0), kPages * Baremetal::kPageBytes);
}

// It is told of one shootdown while it looks for those that it has missed; who
// waits for it would wait for ever if it lost count.
TEST(Halt, CountsTheShootdownsThatComeAsItEnds) {
  if (processor_count.load() < 2) GTEST_SKIP() << "there is one processor";
  constexpr int kRoundsMax = 20000;
  constexpr uint64_t kWakeTurnsMax = 100000;
  constexpr int64_t kRoundsNs = 20 * kNsPerSecond;
  auto* page = static_cast<volatile uint64_t*>(
      Baremetal::ReservePages(Baremetal::kPageBytes, Baremetal::kPageBytes));
  ASSERT_NE(page, nullptr);
  auto shoot_down = [&] {
    auto* const address = const_cast<uint64_t*>(page);
    const bool committed =
        Baremetal::CommitPages(address, Baremetal::kPageBytes, 0);
    if (committed) Baremetal::DecommitPages(address, Baremetal::kPageBytes);
    return committed;
  };
  std::mt19937_64 random(testing::Seed());
  Sleeper sleeper(random());
  const int64_t end_ns = NowNs() + kRoundsNs;
  for (int round = 0; round < kRoundsMax && NowNs() < end_ns; ++round) {
    ASSERT_TRUE(shoot_down());
    sleeper.Ask();
    // What a host takes to wake a processor.
    SpinUpTo(kWakeTurnsMax, random);
    ASSERT_TRUE(shoot_down());
    while (!sleeper.HasAnswered()) Pause();
  }
  Baremetal::UnreservePages(const_cast<uint64_t*>(page),
                            Baremetal::kPageBytes);
}

}  // namespace
}  // namespace ebbrt::platform::machine
