// Stacks on interfaces, an echo server, and its client, for tests.
//
// Cores: as core/net/network.h. Blocks: MakeStack, ListenOn.
// Errors: failed checks, and failures of the test that runs.
#ifndef EBBRT_CORE_NET_STACK_TESTING_H_
#define EBBRT_CORE_NET_STACK_TESTING_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/async/combinators.h"
#include "core/base/check.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/ip/testing.h"
#include "core/net/network.h"
#include "core/net/network_testing.h"
#include "core/net/stack/stack_network.h"
#include "core/testing/seed.h"
#include "platform/current.h"

namespace ebbrt::testing {

inline EbbRef<Network> MakeStack(EbbRef<ip::Interface> interface,
                                 uint64_t number,
                                 const tcp::Options& options = {}) {
  auto stack = StackNetwork::Create(EbbId(kFirstApplicationEbb + number),
                                    interface, options,
                                    {.words = {Seed(), number}})
                   .Block();
  EBBRT_CHECK(stack.ok());
  return *stack;
}

// An echo server on the cores [first_core, core_count).
inline Endpoint ListenOn(EbbRef<Network> network, uint32_t first_core,
                         Ipv4Address address = AddressOf(2)) {
  Endpoint local = {address.ToIpAddress(), 0};
  for (uint32_t core = first_core; core < Platform::CoreCount(); ++core) {
    auto bound = Async(CoreId(core), [network, local] {
      return network->ListenTcp(local, [core = Platform::CurrentCore()](
                                           const Endpoint&) {
        EXPECT_EQ(Platform::CurrentCore(), core);
        return std::make_unique<Echo>();
      });
    }).Block();
    EBBRT_CHECK(bound.ok());
    local = *bound;
  }
  return local;
}

// Sends so many bytes of a stream to an echo server and closes; whether all
// came back, each as it was.
inline Future<bool> EchoesAll(EbbRef<Network> network, Endpoint to,
                              uint64_t seed, size_t bytes) {
  End client;
  Sender sender = {.end = client, .rest = {}, .close_after = true};
  client.on_connected = [&] {
    sender.Start(Bytes(Pattern(seed, 0, bytes)));
  };
  network->ConnectTcp(to, std::make_unique<RecordingHandler>(client));
  while (!client.destroyed) {
    if (!(co_await Delay(std::chrono::milliseconds(1))).ok()) break;
  }
  if (!client.status.ok()) ADD_FAILURE() << client.status;
  co_return client.received == Pattern(seed, 0, bytes);
}

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_NET_STACK_TESTING_H_
