// A halt against the two that end it at once: a wake-up and an NMI.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <random>
#include <thread>

#include "core/testing/seed.h"
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
  explicit Sleeper(uint64_t seed) : random_(seed), thread_([this] { Run(); }) {
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
      asked_ = false;
    }
  }

  std::atomic<Processor*> processor_{nullptr};
  std::atomic<bool> asked_{false};
  std::atomic<bool> ends_{false};
  std::mt19937_64 random_;
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

}  // namespace
}  // namespace ebbrt::platform::machine
