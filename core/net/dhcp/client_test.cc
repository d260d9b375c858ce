// The client on a cable, with a server that gives one address.
#include "core/net/dhcp/client.h"

#include <gtest/gtest.h>

#include <chrono>

#include "core/async/combinators.h"
#include "core/net/dhcp/testing.h"
#include "core/net/ip/testing.h"
#include "core/net/link/cable.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::dhcp {
namespace {

using std::chrono::seconds;
using testing::AddressOf;
using testing::DhcpServer;
using testing::MakeInterface;
using testing::MakeUnconfigured;
using testing::RunOnCores;

TEST(DhcpClient, ConfiguresAllCoresAndRenews) {
  for (uint32_t cores : {1, 3}) {
    RunOnCores(cores, [cores] {
      Cable cable;
      auto interface = MakeUnconfigured(cable, 2, cores);
      DhcpServer server(MakeInterface(cable, 1), 9);
      auto client = Client::Create(interface, testing::Seed());
      auto lease = client->Start().Block();
      ASSERT_TRUE(lease.ok()) << lease.status();
      EXPECT_EQ(lease->address, AddressOf(9));
      for (uint32_t core = 0; core < cores; ++core) {
        auto time = Async(CoreId(core), [interface] {
          EXPECT_EQ(interface->configuration().address, AddressOf(9));
          return interface->Ping(AddressOf(1), 10, seconds(2));
        }).Block();
        EXPECT_TRUE(time.ok()) << time.status();
      }
      if (!platform::Has(Platform::kFeatures,
                         platform::Feature::kVirtualTime)) {
        return;
      }
      ASSERT_TRUE(Delay(seconds(5 * DhcpServer::kLeaseSeconds)).Block().ok());
      EXPECT_GE(server.renewed, 9);
      EXPECT_EQ(interface->configuration().address, AddressOf(9));
    });
  }
}

TEST(DhcpClient, DeclinesAnAddressThatIsTaken) {
  if (!platform::Has(Platform::kFeatures, platform::Feature::kVirtualTime)) {
    GTEST_SKIP() << "takes half a minute";
  }
  RunOnCores(1, [] {
    Cable cable;
    auto interface = MakeUnconfigured(cable, 2, 1);
    DhcpServer server(MakeInterface(cable, 1), 9);
    MakeInterface(cable, 9);
    auto client = Client::Create(interface, testing::Seed());
    auto lease = client->Start().Block();
    ASSERT_TRUE(lease.ok());
    EXPECT_EQ(lease->address, AddressOf(10));
    EXPECT_EQ(server.declined, 1);
  });
}

}  // namespace
}  // namespace ebbrt::dhcp
