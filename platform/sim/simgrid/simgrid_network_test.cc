// SimGrid's engine is one a process and does not start again, so each case runs
// in a process of its own.
#include "platform/sim/simgrid/simgrid_network.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/testing/seed.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class Probe final : public Parcel {
 public:
  Time arrived = kTimeNever;

 private:
  void Arrive(Time now) override { arrived = now; }
  void Lose(Time, Lost) override {}
};

// Ends the process: with 0 if it is so.
void Expect(bool is_so, const char* what, Duration found = {}) {
  if (is_so) return;
  std::fprintf(stderr, "not so: %s (%lld ns)\n", what,
               static_cast<long long>(found.count()));
  std::_Exit(1);
}

struct Run {
  Run(const SimGridOptions& options, uint32_t nodes, uint64_t bulk)
      : links(nodes, options.link), bulk_bytes(bulk) {
    auto created = SimGridNetwork::Create(options, links);
    if (!created.ok()) {
      std::fprintf(stderr, "%s\n", created.status().ToString().c_str());
      std::_Exit(2);
    }
    network = *std::move(created);
    simulation = std::make_unique<Simulation>(
        SimulationOptions{.seed = testing::Seed(), .faults = {}});
    fabric = std::make_unique<Fabric>(*simulation, network->TakeTopology());
  }
  Probe& Send(uint32_t from, uint32_t to, uint64_t bytes, Time at = Time{}) {
    probes.push_back(std::make_unique<Probe>());
    probes.back()->wire_bytes = bytes;
    senders.push_back(std::make_unique<Sender>());
    Sender& sender = *senders.back();
    sender.does = [this, &probe = *probes.back(), from, to, at] {
      fabric->Send(probe, from, to, at);
    };
    simulation->Schedule(sender, at);
    return *probes.back();
  }
  void ToEnd() { network->Run(*simulation, *fabric, bulk_bytes); }

  struct Sender final : SimAction {
    void Happen(Time) override { does(); }
    std::function<void()> does;
  };
  std::vector<LinkOptions> links;
  uint64_t bulk_bytes;
  std::unique_ptr<SimGridNetwork> network;
  std::unique_ptr<Simulation> simulation;
  std::unique_ptr<Fabric> fabric;
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<std::unique_ptr<Sender>> senders;
};

SimGridOptions Options(std::string topology, std::string parameters = "") {
  SimGridOptions options;
  options.topology = std::move(topology);
  options.parameters = std::move(parameters);
  options.link.rate_bps = 1e9;
  options.link.delay = microseconds(10);
  return options;
}

// What `does` finds in a process of its own.
#define EXPECT_IN_A_PROCESS(does)                                          \
  EXPECT_EXIT(                                                             \
      {                                                                    \
        does();                                                            \
        std::_Exit(0);                                                     \
      },                                                                   \
      ::testing::ExitedWithCode(0), "")

// Two flows of 1.25 MB to one node share its link of 1 Gbit/s: both take 20 ms.
// A small parcel passes our queue at the same time.
void BulkFlowsShare() {
  Run run(Options("star"), 3, 100'000);
  Probe& first = run.Send(1, 0, 1'250'000, Time(milliseconds(1)));
  Probe& second = run.Send(2, 0, 1'250'000, Time(milliseconds(1)));
  Probe& small = run.Send(1, 0, 1'000, Time(milliseconds(5)));
  Probe& late = run.Send(1, 2, 1'250'000, Time(milliseconds(100)));
  run.ToEnd();
  for (const Probe* probe : {&first, &second}) {
    Duration took = probe->arrived - Time(milliseconds(1));
    Expect(took > milliseconds(20) && took < microseconds(20'100), "shared",
           took);
  }
  Expect(small.arrived == Time(milliseconds(5) + microseconds(2 * (8 + 10))),
         "the queue's time");
  Duration alone = late.arrived - Time(milliseconds(100));
  Expect(alone > milliseconds(10) && alone < microseconds(10'100), "alone",
         alone);
}

TEST(SimGridNetwork, BulkFlowsShareTheirLinks) {
  EXPECT_IN_A_PROCESS(BulkFlowsShare);
}

// Hosts of one switch, and of two, are two and four links apart.
void FatTree() {
  Run run(Options("fat_tree", "2;4,4;1,2;1,2"), 16, 0);
  Probe& near = run.Send(0, 1, 125);
  Probe& far = run.Send(2, 15, 125);
  run.ToEnd();
  Expect(near.arrived == Time(microseconds(2 * 11)), "near");
  Expect(far.arrived == Time(microseconds(4 * 11)), "far");
}

TEST(SimGridNetwork, AFatTreeHasItsRoutes) { EXPECT_IN_A_PROCESS(FatTree); }

// On a ring of eight, the other side is four links away.
void Torus() {
  Run run(Options("torus", "8"), 8, 0);
  Probe& next = run.Send(0, 1, 125);
  Probe& across = run.Send(0, 4, 125);
  run.ToEnd();
  Expect(next.arrived == Time(microseconds(11)), "next");
  // It waits for the other parcel on their common first link.
  Expect(across.arrived == Time(microseconds(4 * 11 + 1)), "across");
}

TEST(SimGridNetwork, ATorusHasItsRoutes) { EXPECT_IN_A_PROCESS(Torus); }

void Dragonfly() {
  Run run(Options("dragonfly", "3,4;4,3;5,1;2"), 120, 0);
  Probe& probe = run.Send(0, 119, 125);
  run.ToEnd();
  Expect(probe.arrived > Time(microseconds(2 * 11)) &&
             probe.arrived < Time(microseconds(10 * 11)),
         "a few links");
}

TEST(SimGridNetwork, ADragonflyHasItsRoutes) { EXPECT_IN_A_PROCESS(Dragonfly); }

void PlatformFile() {
  std::string name = std::string(std::getenv("TEST_TMPDIR")) + "/platform.xml";
  std::FILE* file = std::fopen(name.c_str(), "w");
  std::fputs(
      "<?xml version='1.0'?>\n"
      "<!DOCTYPE platform SYSTEM "
      "\"https://simgrid.org/simgrid.dtd\">\n"
      "<platform version=\"4.1\"><zone id=\"z\" routing=\"Full\">\n"
      "<host id=\"a\" speed=\"1Gf\"/><host id=\"b\" speed=\"1Gf\"/>\n"
      "<link id=\"l\" bandwidth=\"125MBps\" latency=\"30us\"/>\n"
      "<route src=\"a\" dst=\"b\"><link_ctn id=\"l\"/></route>\n"
      "</zone></platform>\n",
      file);
  std::fclose(file);
  SimGridOptions options = Options("platform_file");
  options.file = name;
  Run run(options, 2, 0);
  Probe& probe = run.Send(0, 1, 125);
  run.ToEnd();
  Expect(probe.arrived == Time(microseconds(31)), "the file's link");
}

TEST(SimGridNetwork, ReadsAPlatformFile) { EXPECT_IN_A_PROCESS(PlatformFile); }

void Wrong(const SimGridOptions& options, const char* says) {
  EXPECT_EXIT({ Run run(options, 40, 0); }, ::testing::ExitedWithCode(2), says);
}

TEST(SimGridNetwork, SaysWhatIsWrong) {
  Wrong(Options("fat_tree", "2;4;1,2;1,2"), "found \"2;4;1,2;1,2\", expected");
  Wrong(Options("torus", "4,x"), "expected SIDE,SIDE");
  Wrong(Options("dragonfly", ""), "expected GROUPS");
  Wrong(Options("torus", "4,4"), "found 40 nodes, but the topology has 16");
  SimGridOptions file = Options("platform_file");
  file.file = "/nowhere.xml";
  Wrong(file, "nowhere");
}

}  // namespace
}  // namespace ebbrt::platform
