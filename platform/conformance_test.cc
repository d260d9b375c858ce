// What platform/contract.h says of cores, idling, clocks and surroundings, case
// by case, for the platform of the build.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "core/testing/require.h"
#include "platform/conformance.h"
#include "platform/current.h"

namespace ebbrt::platform {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint32_t kCores = 4;

bool OnCoreZero() { return Platform::CurrentCore() == CoreId(0); }

// What happened, in order, from any core.
class Log {
 public:
  void Add(uint32_t what) {
    std::scoped_lock guard(lock_);
    entries_.push_back(what);
  }
  std::vector<uint32_t> entries() {
    std::scoped_lock guard(lock_);
    return entries_;
  }

 private:
  SpinLock lock_;
  std::vector<uint32_t> entries_;
};

TEST(Cores, StartInOrderAndStopInReverse) {
  EXPECT_FALSE(Platform::OnCore());
  constexpr uint32_t kLoop = 100;
  constexpr uint32_t kStop = 200;
  Log log;
  int code = RunProgram(
      kCores, {.start =
                   [&] {
                     EXPECT_TRUE(Platform::OnCore());
                     EXPECT_EQ(Platform::CoreCount(), kCores);
                     log.Add(Platform::CurrentCore().index());
                   },
               .turn = [&] { Platform::Exit(0); },
               .stop =
                   [&] {
                     EXPECT_TRUE(Platform::OnCore());
                     log.Add(kStop + Platform::CurrentCore().index());
                   },
               .end = [&] { log.Add(kLoop); }});
  EXPECT_EQ(code, 0);
  EXPECT_FALSE(Platform::OnCore());
  // One loop may serve all cores.
  std::vector<uint32_t> entries = log.entries();
  auto loops = std::count(entries.begin(), entries.end(), kLoop);
  EXPECT_TRUE(loops == 1 || loops == kCores);
  std::vector<uint32_t> expected = {0, 1, 2, 3};
  expected.insert(expected.end(), loops, kLoop);
  for (uint32_t core = kCores; core-- > 0;) expected.push_back(kStop + core);
  EXPECT_EQ(entries, expected);
}

TEST(Cores, EachOneRuns) {
  std::array<std::atomic<bool>, kCores> ran{};
  std::atomic<uint32_t> count{0};
  EXPECT_EQ(RunProgram(kCores,
                       {.turn =
                            [&] {
                              uint32_t mine = Platform::CurrentCore().index();
                              ASSERT_LT(mine, kCores);
                              if (ran[mine].exchange(true)) return;
                              if (++count == kCores) Platform::Exit(1);
                            }}),
            1);
}

TEST(Cores, AnyOneMayEndTheNodeAndTheFirstCodeCounts) {
  for (uint32_t ender = 0; ender < kCores; ++ender) {
    int code = RunProgram(kCores, {.turn = [&] {
                            if (Platform::CurrentCore() != CoreId(ender)) {
                              return;
                            }
                            Platform::Exit(static_cast<int>(10 + ender));
                            Platform::Exit(99);
                          }});
    EXPECT_EQ(code, static_cast<int>(10 + ender));
  }
}

TEST(Cores, ComeUpAgainAndAgain) {
  for (uint32_t count : {1u, 4u, 2u, 1u, 3u}) {
    std::atomic<uint32_t> started{0};
    EXPECT_EQ(RunProgram(count, {.start = [&] { ++started; },
                                 .turn = [] { Platform::Exit(5); }}),
              5);
    EXPECT_EQ(started, count);
  }
}

TEST(Cores, AsManyAsTheMachineHas) {
  uint32_t count = 0;
  RunProgram(0, {.start =
                     [&] {
                       if (OnCoreZero()) count = Platform::CoreCount();
                     },
                 .turn = [] { Platform::Exit(0); }});
  EXPECT_GE(count, 1u);
}

// A token goes round; each core waits for ever for the wake-up that says so.
TEST(Wake, IsNeverLost) {
  constexpr uint32_t kRounds = 2000;
  std::atomic<uint32_t> token{0};
  EXPECT_EQ(RunProgram(kCores,
                       {.turn =
                            [&] {
                              uint32_t at = token.load();
                              if (CoreId(at % kCores) !=
                                  Platform::CurrentCore()) {
                                return;
                              }
                              if (at == kRounds * kCores) {
                                Platform::Exit(3);
                                return;
                              }
                              token.store(at + 1);
                              Platform::Wake(CoreId((at + 1) % kCores));
                            }}),
            3);
}

// What was written before Wake is seen after the return that it causes.
TEST(Wake, BringsWhatWasWrittenBeforeIt) {
  constexpr int kMessages = 20000;
  std::atomic<int> sent{0};  // Relaxed: Wake alone has to order it.
  EXPECT_EQ(
      RunProgram(2, {.turn =
                         [&] {
                           if (OnCoreZero()) {
                             if (sent.load(std::memory_order_relaxed) == 0) {
                               for (int i = 1; i <= kMessages; ++i) {
                                 sent.store(i, std::memory_order_relaxed);
                                 Platform::Wake(CoreId(1));
                               }
                             }
                           } else if (sent.load(std::memory_order_relaxed) ==
                                      kMessages) {
                             Platform::Exit(4);
                           }
                         }}),
      4);
}

TEST(Wake, OfItselfMakesTheNextWaitReturn) {
  int turns = 0;
  EXPECT_EQ(RunProgram(1, {.turn =
                               [&] {
                                 if (++turns == 1000) Platform::Exit(6);
                                 Platform::Wake(CoreId(0));
                                 Platform::Wake(CoreId(0));
                               }}),
            6);
}

TEST(Wake, AndExitFromAThreadThatIsNoCore) {
  // Where one thread simulates all there is no other.
  if (VirtualTime()) GTEST_SKIP();
  testing::RequireThreads(1);
  std::atomic<int> turns{0};
  std::atomic<bool> started{false};
  std::thread other([&] {
    while (!started) std::this_thread::yield();
    EXPECT_FALSE(Platform::OnCore());
    EXPECT_EQ(Platform::CoreCount(), 1u);
    for (int i = 1; i <= 100; ++i) {
      Platform::Wake(CoreId(0));
      while (turns < i) std::this_thread::yield();
    }
    Platform::Exit(7);
  });
  EXPECT_EQ(RunProgram(1, {.turn =
                               [&] {
                                 ++turns;
                                 started = true;
                               }}),
            7);
  other.join();
}

TEST(Wait, LastsUntilItsDeadline) {
  constexpr Duration kWait = milliseconds(5);
  Time begin, deadline, seen;
  EXPECT_EQ(RunProgram(1, {.start =
                               [&] {
                                 begin = Platform::Now();
                                 deadline = begin + kWait;
                               },
                           .turn =
                               [&] {
                                 seen = Platform::Now();
                                 if (seen >= deadline) Platform::Exit(8);
                               },
                           .deadline = [&] { return deadline; }}),
            8);
  EXPECT_GE(seen, deadline);
  EXPECT_LT(seen, begin + seconds(10));
}

TEST(Wait, ReturnsAtOnceWhereItsDeadlineHasPassed) {
  int turns = 0;
  Time begin, end;
  RunProgram(1, {.start = [&] { begin = Platform::Now(); },
                 .turn =
                     [&] {
                       if (++turns == 1000) {
                         end = Platform::Now();
                         Platform::Exit(0);
                       }
                     },
                 .deadline = [] { return Time::min(); }});
  EXPECT_EQ(turns, 1000);
  EXPECT_LT(end - begin, seconds(5));
}

TEST(Wait, EndsOnEveryCoreOnceTheNodeEnds) {
  // All but one wait for ever, and nobody wakes them.
  std::atomic<uint32_t> waiting{0};
  EXPECT_EQ(RunProgram(kCores, {.turn =
                                    [&] {
                                      if (!OnCoreZero()) {
                                        ++waiting;
                                      } else if (waiting >= kCores - 1) {
                                        Platform::Exit(9);
                                      }
                                    },
                                .deadline =
                                    [&] {
                                      return OnCoreZero() ? Time::min()
                                                          : kTimeNever;
                                    }}),
            9);
}

// Each core hands its time on; the next must not be earlier by more than the
// contract's microsecond.
TEST(Clock, GoesForwardOnEachCoreAndBetweenCores) {
  constexpr int kHandovers = 2000;
  std::atomic<int> holder{0};
  Time newest = Time::min();  // The holder's.
  std::array<Time, kCores> last{};
  EXPECT_EQ(RunProgram(kCores,
                       {.turn =
                            [&] {
                              uint32_t mine = Platform::CurrentCore().index();
                              Time now = Platform::Now();
                              EXPECT_GE(now, last[mine]);
                              last[mine] = now;
                              int at = holder.load();
                              if (at % kCores != mine) return;
                              now = Platform::Now();
                              EXPECT_GE(now + microseconds(1), newest);
                              newest = std::max(newest, now);
                              if (at == kHandovers) {
                                Platform::Exit(2);
                                return;
                              }
                              holder.store(at + 1);
                              Platform::Wake(CoreId((at + 1) % kCores));
                            }}),
            2);
}

TEST(Clock, CyclesHaveTheRateTheySay) {
  uint64_t cycles = 0;
  Time begin, end;
  Duration wall{};
  RunProgram(1, {.start =
                     [&] {
                       begin = Platform::Now();
                       cycles = Platform::Cycles();
                       wall = Platform::WallClock();
                     },
                 .turn =
                     [&] {
                       end = Platform::Now();
                       if (end - begin < milliseconds(20)) return;
                       cycles = Platform::Cycles() - cycles;
                       wall = Platform::WallClock() - wall;
                       Platform::Exit(0);
                     },
                 .deadline = [&] { return begin + milliseconds(20); }});
  double second_fraction = std::chrono::duration<double>(end - begin).count();
  double measured = static_cast<double>(cycles) / second_fraction;
  double said = static_cast<double>(Platform::CyclesPerSecond());
  EXPECT_GT(said, 0);
  EXPECT_NEAR(measured / said, 1, 0.25);
  EXPECT_NEAR(std::chrono::duration<double>(wall).count() / second_fraction, 1,
              0.25);
}

TEST(Surroundings, EntropyFillsWhatItIsGivenAndNoMore) {
  auto check = [] {
    std::array<std::byte, 35> bytes{};
    constexpr size_t kAsked = 33;
    for (int i = 0; i < 3; ++i) {
      std::array<std::byte, 35> before = bytes;
      Platform::FillEntropy(std::span(bytes).first(kAsked));
      EXPECT_NE(before, bytes);
      EXPECT_EQ(bytes[33], std::byte{0});
      EXPECT_EQ(bytes[34], std::byte{0});
    }
  };
  check();
  RunProgram(1, {.start = check, .turn = [] { Platform::Exit(0); }});
}

TEST(Surroundings, TheConsoleGetsWholeLinesInOrder) {
  ::testing::internal::CaptureStdout();
  RunProgram(1, {.start =
                     [] {
                       Platform::WriteConsole("one\n");
                       Platform::WriteConsole("");
                       Platform::WriteConsole("two\n");
                     },
                 .turn = [] { Platform::Exit(0); }});
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "one\ntwo\n");
}

#if !defined(EBBRT_PLATFORM_ARCHETYPE)  // Nobody can ask it to stop.
TEST(Surroundings, ARequestToStopIsAnInterruptOfCoreZero) {
  struct Request {
    std::atomic<int> calls{0};
  } request;
  bool asked = false;  // Core 0's.
  EXPECT_EQ(
      RunProgram(kCores,
                 {.start =
                      [&] {
                        if (!OnCoreZero()) return;
                        Platform::SetStopHandler(
                            [](void* context) {
                              EXPECT_TRUE(OnCoreZero());
                              ++static_cast<Request*>(context)->calls;
                              Platform::Exit(11);
                            },
                            &request);
                      },
                  .turn =
                      [&] {
                        if (!OnCoreZero() || asked) return;
                        asked = true;
                        std::raise(SIGTERM);
                        EXPECT_EQ(request.calls, 0);
                      }}),
      11);
  EXPECT_EQ(request.calls, 1);
}

TEST(SurroundingsDeathTest, ARequestToStopIsAsUsualOutsideOfANode) {
  RunProgram(1,
             {.start = [] { Platform::SetStopHandler([](void*) {}, nullptr); },
              .turn = [] { Platform::Exit(0); }});
  EXPECT_EXIT(std::raise(SIGTERM), ::testing::KilledBySignal(SIGTERM), "");
}
#endif

}  // namespace
}  // namespace ebbrt::platform
