// TCP between two stacks on a cable: every byte, on any number of cores and
// queues, with and without a device's help.
#include "core/net/stack/stack_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/base/random.h"
#include "core/net/ip/testing.h"
#include "core/net/link/cable.h"
#include "core/net/link/faulty_nic.h"
#include "core/net/network_testing.h"
#include "core/net/stack/testing.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt {
namespace {

using std::chrono::milliseconds;
using testing::Await;
using testing::Bytes;
using testing::Echo;
using testing::EchoesAll;
using testing::End;
using testing::ListenOn;
using testing::MakeInterface;
using testing::MakeStack;
using testing::RecordingHandler;
using testing::RunOnCores;

void EchoFromAllCores(const CableOptions& options, uint32_t first_listener,
                      size_t bytes_max) {
  Cable cable;
  auto client = MakeStack(MakeInterface(cable, 1, options), 1);
  auto server = MakeStack(MakeInterface(cable, 2, options), 2);
  const Endpoint endpoint = ListenOn(server, first_listener);
  Random random(testing::Seed());
  std::vector<Future<bool>> echoes;
  for (int i = 0; i < 12; ++i) {
    const CoreId core(i % Platform::CoreCount());
    const uint64_t seed = random();
    const size_t bytes = 1 + random.Below(bytes_max);
    echoes.push_back(Async(core, [client, endpoint, seed, bytes] {
      return EchoesAll(client, endpoint, seed, bytes);
    }));
  }
  auto outcomes = WhenAll(std::move(echoes)).Block();
  ASSERT_TRUE(outcomes.ok());
  for (auto& outcome : *outcomes) {
    ASSERT_TRUE(outcome.ok());
    EXPECT_TRUE(*outcome);
  }
}

TEST(StackNetwork, EchoesOnOneCore) {
  RunOnCores(1, [] { EchoFromAllCores({}, 0, 1 << 18); });
}

TEST(StackNetwork, EchoesWithADevicesHelp) {
  RunOnCores(1, [] {
    EchoFromAllCores(
        {.transmit_checksum = true, .segmentation_bytes_max = 65535}, 0,
        1 << 20);
  });
}

TEST(StackNetwork, EchoesOnAllCores) {
  for (uint32_t queues : {1, 2, 3, 4}) {
    for (bool tells_queues : {false, true}) {
      RunOnCores(3, [&] {
        EchoFromAllCores({.queue_count = queues, .tells_queues = tells_queues},
                         0, 1 << 17);
      });
    }
  }
}

TEST(StackNetwork, AcceptsOnSomeCores) {
  for (uint32_t first : {1, 2}) {
    RunOnCores(3, [first] {
      EchoFromAllCores({.queue_count = 3}, first, 1 << 16);
    });
  }
}

// Connections stay where they are, whoever begins or ends to listen.
void ChangeListeners(const CableOptions& options) {
  Cable cable;
  auto client = MakeStack(MakeInterface(cable, 1, options), 1);
  auto server = MakeStack(MakeInterface(cable, 2, options), 2);
  const Endpoint endpoint = ListenOn(server, 1);
  std::vector<End> ends(12);
  for (End& end : ends) {
    client->ConnectTcp(endpoint, std::make_unique<RecordingHandler>(end));
  }
  const auto all = [&ends](bool (*holds)(const End& end)) {
    return std::all_of(ends.begin(), ends.end(), holds);
  };
  ASSERT_TRUE(Await([&] {
    return all([](const End& end) { return end.connection != nullptr; });
  }));
  for (uint32_t step = 0; step < 4; ++step) {
    if (step == 1 || step == 2) {
      auto stopped = Async(CoreId(step), [server, endpoint] {
        server->StopListeningTcp(endpoint);
      });
      ASSERT_TRUE(std::move(stopped).Block().ok());
    } else if (step == 3) {
      auto bound = server->ListenTcp(
          endpoint, [](const Endpoint&) { return std::make_unique<Echo>(); });
      ASSERT_TRUE(bound.ok()) << bound.status();
    }
    for (End& end : ends) {
      end.received.clear();
      ASSERT_NE(end.connection, nullptr) << end.status << " in " << step;
      IOBufChain data = Bytes("hello");
      EXPECT_EQ(end.connection->Send(data), 5u);
    }
    ASSERT_TRUE(Await([&] {
      return all([](const End& end) { return end.received == "hello"; });
    })) << step;
  }
  for (End& end : ends) end.connection->Close();
  ASSERT_TRUE(
      Await([&] { return all([](const End& end) { return end.destroyed; }); }));
  for (End& end : ends) EXPECT_TRUE(end.status.ok()) << end.status;
}

TEST(StackNetwork, ConnectionsStayWhoeverListens) {
  for (uint32_t queues : {1, 3}) {
    RunOnCores(3, [queues] { ChangeListeners({.queue_count = queues}); });
  }
}

// A network that does all that networks do to frames.
TEST(StackNetwork, EchoesThroughFaults) {
  RunOnCores(2, [] {
    Cable cable;
    auto interface = [&cable](uint8_t number) {
      CableOptions options = {.address = testing::MacOf(number),
                              .queue_count = 2};
      options.delay = milliseconds(1);
      return MakeInterface(WithFaults(cable.Attach(options),
                                      {.seed = testing::Seed() + number,
                                       .loss = 0.01,
                                       .duplicate = 0.01,
                                       .corrupt = 0.01,
                                       .reorder = 0.02}),
                           number);
    };
    auto client = MakeStack(interface(1), 1);
    auto server = MakeStack(interface(2), 2);
    const Endpoint endpoint = ListenOn(server, 0);
    for (uint64_t i = 0; i < 4; ++i) {
      auto right = Async(CoreId(i % 2), [client, endpoint, i] {
        return EchoesAll(client, endpoint, i, 100000);
      }).Block();
      ASSERT_TRUE(right.ok());
      EXPECT_TRUE(*right);
    }
  });
}

TEST(StackNetwork, ANeighbourThatIsNotThereFailsAConnection) {
  RunOnCores(1, [] {
    Cable cable;
    auto client = MakeStack(MakeInterface(cable, 1), 1);
    End end;
    client->ConnectTcp({IpAddress::V4(8, 8, 8, 8), 80},
                       std::make_unique<RecordingHandler>(end));
    EXPECT_TRUE(end.calls.empty());
    ASSERT_TRUE(Await([&] { return end.destroyed; }));
    EXPECT_EQ(end.status.code(), absl::StatusCode::kUnavailable);
  });
}

}  // namespace
}  // namespace ebbrt
