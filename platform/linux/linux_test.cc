// What is Linux's own: signals, refused memory, the console, wake-ups. What the
// contract says is tested by platform/conformance_test.cc.
#include "platform/linux/linux.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/types.h"
#include "platform/linux/kernel_events.h"
#include "platform/wake_flag.h"

namespace ebbrt::platform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Runs `program` on core 0 of a node, once its loop has started.
int RunOnCore(std::function<void()> program, uint32_t core_count = 1) {
  const CoreProgram core_program = {
      .start = [](void*) {},
      .loop =
          [](void* context) {
            if (Linux::CurrentCore() == CoreId(0)) {
              (*static_cast<std::function<void()>*>(context))();
            } else {
              while (Linux::Wait(kTimeNever)) {
                while (Linux::ServiceInterrupts()) {
                }
              }
            }
          },
      .stop = [](void*) {},
      .context = &program};
  NodeOptions options;
  options.core_count = core_count;
  return Linux::RunNode(options, core_program);
}

// Serves interrupts until it is so; false after ten seconds.
bool ServeUntil(const std::function<bool()>& condition) {
  const Time deadline = Linux::Now() + seconds(10);
  while (!condition() && Linux::Now() < deadline) {
    Linux::Wait(deadline);
    while (Linux::ServiceInterrupts()) {
    }
  }
  return condition();
}

TEST(WakeFlag, TellsOneOfManyThatTheOwnerSleeps) {
  internal::WakeFlag flag;
  EXPECT_FALSE(flag.Set());
  EXPECT_FALSE(flag.BeginSleep()) << "somebody has asked before";
  EXPECT_TRUE(flag.Take());
  EXPECT_FALSE(flag.Take());
  ASSERT_TRUE(flag.BeginSleep());
  EXPECT_TRUE(flag.Set());
  EXPECT_FALSE(flag.Set()) << "one is enough";
  EXPECT_TRUE(flag.Take());
  ASSERT_TRUE(flag.BeginSleep());
  EXPECT_FALSE(flag.Take()) << "the sleep ended by itself";
  EXPECT_FALSE(flag.Set());
}

TEST(LinuxNode, RefusedMemoryIsNoRepresentative) {
  int code = RunOnCore([] {
    int object = 0;
    rlimit usual;
    ASSERT_EQ(getrlimit(RLIMIT_DATA, &usual), 0);
    rlimit none = usual;
    none.rlim_cur = Linux::kPageBytes;  // Zero means none to some kernels.
    ASSERT_EQ(setrlimit(RLIMIT_DATA, &none), 0);
    bool installed = Linux::SetRepresentative(3000000000u, &object);
    ASSERT_EQ(setrlimit(RLIMIT_DATA, &usual), 0);
    EXPECT_FALSE(installed);
    EXPECT_EQ(Linux::Representative(3000000000u), nullptr);
    EXPECT_TRUE(Linux::SetRepresentative(3000000000u, &object));
    EXPECT_EQ(Linux::Representative(3000000000u), &object);
    Linux::Exit(0);
  });
  EXPECT_EQ(code, 0);
}

TEST(LinuxNode, AStopSignalIsAnInterruptOfCoreZero) {
  for (int signal : {SIGINT, SIGTERM}) {
    int stops = 0;
    RunOnCore(
        [&] {
          Linux::SetStopHandler(
              [](void* context) {
                EXPECT_EQ(Linux::CurrentCore(), CoreId(0));
                ++*static_cast<int*>(context);
              },
              &stops);
          std::thread([signal] { kill(getpid(), signal); }).join();
          EXPECT_TRUE(ServeUntil([&] { return stops == 1; }));
          Linux::Exit(0);
        },
        2);
    EXPECT_EQ(stops, 1);
    struct sigaction action;
    sigaction(signal, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_DFL) << "the node has ended";
  }
}

// On whichever thread it comes, it tells a core that is there.
TEST(LinuxNode, AStopSignalMayComeAsTheNodeEnds) {
  constexpr int kNodes = 200;
  // It may come behind the end as well.
  std::signal(SIGTERM, SIG_IGN);
  for (int i = 0; i < kNodes; ++i) {
    std::thread sender;
    EXPECT_EQ(RunOnCore([&] {
                Linux::SetStopHandler([](void*) {}, nullptr);
                sender = std::thread([] { raise(SIGTERM); });
                // Its thread may have got any distance.
                for (int spins = 0; spins < i * 500; ++spins) {
                  __builtin_ia32_pause();
                }
                Linux::Exit(0);
              }),
              0);
    sender.join();
  }
  std::signal(SIGTERM, SIG_DFL);
}

TEST(LinuxNodeDeathTest, ASecondInterruptKills) {
  // A shell's background jobs ignore it, and so would we.
  signal(SIGINT, SIG_DFL);
  EXPECT_EXIT(RunOnCore([] {
                bool stopped = false;
                Linux::SetStopHandler(
                    [](void* flag) { *static_cast<bool*>(flag) = true; },
                    &stopped);
                kill(getpid(), SIGINT);
                // Or the second might be taken for one with the first.
                ServeUntil([&] { return stopped; });
                kill(getpid(), SIGINT);
                ServeUntil([] { return false; });
              }),
              testing::KilledBySignal(SIGINT), "");
}

TEST(LinuxConsole, WritesAllThroughASmallPipe) {
  // Nobody reads until it is full, and it does not block.
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
  fcntl(ends[1], F_SETPIPE_SZ, 4096);
  const int console = dup(STDOUT_FILENO);
  ASSERT_GE(dup2(ends[1], STDOUT_FILENO), 0);
  const std::string line(100000, 'l');
  std::thread writer([&] {
    Linux::WriteConsole(line + "\n");
    Linux::WriteConsole("end\n");
  });
  std::string written;
  std::vector<char> part(1000);
  while (written.size() < line.size() + 5) {
    ssize_t length = read(ends[0], part.data(), part.size());
    ASSERT_GT(length, 0);
    written.append(part.data(), static_cast<size_t>(length));
  }
  writer.join();
  dup2(console, STDOUT_FILENO);
  EXPECT_EQ(written, line + "\nend\n");
  for (int descriptor : {console, ends[0], ends[1]}) close(descriptor);
}

// Both ways of hearing from the kernel.
class KernelEventsTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    events_ = std::string_view(GetParam()) == "epoll"
                  ? internal::MakeEpollEvents()
                  : internal::MakeUringEvents();
    if (events_ == nullptr) GTEST_SKIP() << "the kernel does not have it";
  }
  bool Pending() {
    internal::InterruptCounters counters = events_->counters();
    return *counters.posted != *counters.taken;
  }
  void RunAll() {
    while (Pending()) events_->RunInterrupt();
  }
  std::unique_ptr<internal::KernelEvents> events_;
};

struct CountingInterrupt final : internal::Interrupt {
  CountingInterrupt()
      : Interrupt([](Interrupt& self, int32_t events, uint32_t) {
          auto& counting = static_cast<CountingInterrupt&>(self);
          ++counting.count;
          counting.events = events;
        }) {}
  int count = 0;
  int32_t events = 0;
};

TEST_P(KernelEventsTest, SleepEndsAtItsDeadline) {
  Time begin = Linux::Now();
  events_->Sleep(begin + milliseconds(20));
  RunAll();
  EXPECT_GE(Linux::Now() - begin, milliseconds(20));
  events_->Sleep(begin);  // Long past: at once.
}

TEST_P(KernelEventsTest, WakeUpEndsSleepAndIsNoInterrupt) {
  for (int i = 0; i < 100; ++i) {
    std::thread waker([&] { events_->WakeUp(); });
    events_->Sleep(Linux::Now() + seconds(10));
    waker.join();
    while (Pending()) EXPECT_FALSE(events_->RunInterrupt());
  }
}

TEST_P(KernelEventsTest, ReportsEdgesOfADescriptor) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  CountingInterrupt interrupt;
  ASSERT_EQ(events_->Watch(ends[0], POLLIN, interrupt), 0);
  events_->Poll();
  RunAll();
  EXPECT_EQ(interrupt.count, 0);
  for (int i = 1; i <= 3; ++i) {
    ASSERT_EQ(write(ends[1], "x", 1), 1);
    events_->Sleep(Linux::Now() + seconds(10));
    RunAll();
    EXPECT_EQ(interrupt.count, i);
    EXPECT_EQ(interrupt.events & POLLIN, POLLIN);
    events_->Poll();
    RunAll();
    EXPECT_EQ(interrupt.count, i) << "an edge is reported once";
  }
  // What was reported and not yet run is run no more.
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  events_->Sleep(Linux::Now() + seconds(10));
  ASSERT_TRUE(Pending());
  events_->Unwatch(ends[0], interrupt);
  RunAll();
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  events_->Poll();
  RunAll();
  EXPECT_EQ(interrupt.count, 3);
  close(ends[0]);
  close(ends[1]);
}

INSTANTIATE_TEST_SUITE_P(All, KernelEventsTest,
                         testing::Values("epoll", "io_uring"),
                         [](const auto& param) {
                           return std::string(param.param);
                         });

}  // namespace
}  // namespace ebbrt::platform
