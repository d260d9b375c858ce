#include "platform/sim/host/watchdog.h"

#include <csignal>
#include <cstdio>

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/event/event_loop.h"
#include "core/trace/event_tag.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {
namespace {

void Look(int) {
  Simulation* simulation = Simulation::current;
  if (simulation == nullptr || simulation->MovedSinceLastLook() ||
      !simulation->has_core()) {
    return;
  }
  const SimCore& core = simulation->core();
  char text[256];
  int length = std::snprintf(
      text, sizeof(text),
      "sim: node %s core %u spins at %lld ns, in the event %s: it never ends\n",
      core.node->name().c_str(), core.id.index(),
      static_cast<long long>(core.now.time_since_epoch().count()),
      EventTagName(event_loop->running_tag()).data());
  if (length > 0) {
    ssize_t written = write(STDERR_FILENO, text, static_cast<size_t>(length));
    static_cast<void>(written);
  }
  _exit(kSpinExitCode);
}

}  // namespace

void StartWatchdog(Duration period) {
  struct sigaction action = {};
  action.sa_handler = Look;
  action.sa_flags = SA_RESTART;
  sigaction(SIGPROF, &action, nullptr);
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(period);
  auto rest = std::chrono::duration_cast<std::chrono::microseconds>(
      period - seconds);
  itimerval timer = {};
  timer.it_interval.tv_sec = seconds.count();
  timer.it_interval.tv_usec = rest.count();
  timer.it_value = timer.it_interval;
  setitimer(ITIMER_PROF, &timer, nullptr);
}

}  // namespace ebbrt::platform
