// How fast and how large a simulation can be: pairs of nodes whose cores send
// each other small messages over the flow network, with a handler that does
// nothing but answer.
//
//   scale NODES CORES ROUNDS
//
// Prints one JSON object: events a second of wall time, memory a core, and the
// digest of what happened, which depends on the arguments alone. Rounds 0 only
// brings the nodes up.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "core/async/future.h"
#include "core/event/event_loop.h"
#include "core/event/node.h"
#include "core/net/network.h"
#include "platform/current.h"
#include "platform/sim/huge_pages.h"
#include "platform/sim/network/addresses.h"
#include "platform/sim/network/fabric.h"
#include "platform/sim/network/flow_world.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {
namespace {

constexpr uint16_t kPort = 7;
constexpr char kText[] = "a request of a few dozen bytes, or its answer";

IOBufChain Message() { return IOBufChain(IOBuf::Static(kText)); }

// Answers whatever comes, so many times.
class Player final : public TcpHandler {
 public:
  Player(bool begins, uint64_t rounds) : begins_(begins), left_(rounds) {}

  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    if (begins_) Answer();
  }
  void OnReceive(IOBufChain) override { Answer(); }
  void OnPeerClosed() override { connection_->Close(); }
  void OnClosed(const absl::Status&) override {}

 private:
  void Answer() {
    if (left_ == 0) {
      connection_->Close();
      return;
    }
    --left_;
    IOBufChain message = Message();
    connection_->Send(message);
  }

  const bool begins_;
  uint64_t left_;
  TcpConnection* connection_ = nullptr;
};

class PairNode final : public SimProgram {
 public:
  explicit PairNode(uint64_t rounds) : rounds_(rounds) {}

  CoreProgram Boot(SimNode& node) override {
    program_ = std::make_unique<NodeProgram>([this, &node] { Start(node); });
    return program_->program();
  }
  void OnEnd(SimNode&, int) override { program_.reset(); }
  void WriteConsole(SimNode&, std::string_view) override {}

 private:
  void Start(SimNode& node) {
    if (rounds_ == 0) return;
    FlowWorld::Current()->Install();
    for (uint32_t i = 0; i < node.core_count(); ++i) {
      SpawnOn(CoreId(i), [this, &node] { StartCore(node); });
    }
  }
  void StartCore(SimNode& node) {
    // One listens, its neighbour connects to it a little later.
    if (node.number() % 2 == 0) {
      network
          ->ListenTcp({IpAddress(), kPort},
                      [this](const Endpoint&) {
                        return std::make_unique<Player>(false, rounds_);
                      })
          .IgnoreError();
      return;
    }
    auto timer = std::make_shared<std::unique_ptr<Timer>>();
    *timer = std::make_unique<Timer>([this, &node, timer] {
      network->ConnectTcp({SimAddressOf(node.number() - 1), kPort},
                          std::make_unique<Player>(true, rounds_));
      timer->reset();
    });
    (*timer)->SetAfter(std::chrono::milliseconds(1));
  }

  const uint64_t rounds_;
  std::unique_ptr<NodeProgram> program_;
};

double ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long pages = 0;
  if (file == nullptr || std::fscanf(file, "%*d %ld", &pages) != 1) return 0;
  std::fclose(file);
  return static_cast<double>(pages) * 4096;
}

int Main(uint32_t nodes, uint32_t cores, uint64_t rounds) {
  using Clock = std::chrono::steady_clock;
  double before = ResidentBytes();
  Simulation simulation({.seed = 1,
                         .faults = {},
                         .time_limit = Time(std::chrono::seconds(10))});
  Fabric fabric(simulation, std::make_unique<StarTopology>(
                                std::vector<LinkOptions>(nodes)));
  FlowWorld world(simulation, fabric);
  std::deque<PairNode> programs;
  for (uint32_t i = 0; i < nodes; ++i) {
    PairNode& program = programs.emplace_back(rounds);
    simulation.AddNode("", {.core_count = cores, .seed = i}, program);
  }
  for (uint32_t i = 0; i < nodes; ++i) simulation.Boot(simulation.node(i));
  // Until all are connected and have said a few words.
  simulation.RunUntil(Time(std::chrono::microseconds(1100)));
  uint64_t events_before = simulation.turns() + simulation.actions();
  uint64_t messages_before = world.messages();
  Clock::time_point start = Clock::now();
  simulation.RunUntil(Time(std::chrono::seconds(9)));
  double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  double all_cores = static_cast<double>(nodes) * cores;
  double events = static_cast<double>(simulation.turns() +
                                      simulation.actions() - events_before);
  double messages = static_cast<double>(world.messages() - messages_before);
  std::printf(
      "{\"cores\": %.0f, \"messages\": %llu, \"turns\": %llu, \"actions\": "
      "%llu, \"wall_s\": %.3f, \"events_per_wall_s\": %.0f, "
      "\"messages_per_wall_s\": %.0f, \"resident_bytes_per_core\": %.0f, "
      "\"history\": \"%016llx\"}\n",
      all_cores, static_cast<unsigned long long>(world.messages()),
      static_cast<unsigned long long>(simulation.turns()),
      static_cast<unsigned long long>(simulation.actions()), seconds,
      events / seconds, messages / seconds,
      (ResidentBytes() - before) / all_cores,
      static_cast<unsigned long long>(simulation.history()));
  std::fflush(stdout);
  // Taking a million nodes down tells nothing.
  std::_Exit(0);
}

}  // namespace
}  // namespace ebbrt::platform

int main(int argc, char** argv) {
  ebbrt::platform::UseHugePages(argv);
  if (argc != 4) {
    std::fprintf(stderr, "usage: scale NODES CORES ROUNDS\n");
    return 2;
  }
  return ebbrt::platform::Main(
      static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)),
      static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10)),
      std::strtoull(argv[3], nullptr, 10));
}
