// The resolver against a server of our own, on the memory network.
#include "core/net/dns/resolver.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/net/memory_network.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/dns.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt::dns {
namespace {

using std::chrono::seconds;

constexpr Endpoint kServer = {IpAddress::V4(10, 0, 0, 53), kDnsPort};
constexpr IpAddress kAddress = IpAddress::V4(10, 0, 0, 1);

// Answers with an address, or an alias, or that there is no such name.
struct Server {
  explicit Server(const Endpoint& local) {
    socket = *network->OpenUdp(local, [this](const Endpoint& from,
                                             IOBufChain datagram) {
      ++asked;
      if (silent > 0 && silent-- > 0) return;
      Answer(from, datagram.ToString());
    });
  }
  void Answer(const Endpoint& from, std::string message) {
    auto parsed = ParseDns(std::as_bytes(std::span(message)));
    ASSERT_TRUE(parsed);
    auto found = names.find(parsed->question);
    auto* at = reinterpret_cast<std::byte*>(message.data());
    at[2] |= std::byte{0x80};
    if (failing) {
      at[3] |= std::byte{2};
    } else if (found == names.end()) {
      at[3] |= std::byte{3};
    } else {
      at[7] = std::byte{1};
      message += found->second;
    }
    if (forge) {
      // Others say otherwise; whoever believes them gets no address.
      std::string other = message;
      other[1] = static_cast<char>(other[1] + 1);
      other[3] |= 3;
      EXPECT_TRUE(
          socket->SendTo(from, IOBufChain(IOBuf::CopyOf(other))).ok());
    }
    EXPECT_TRUE(socket->SendTo(from, IOBufChain(IOBuf::CopyOf(message))).ok());
  }
  // What an answer ends with, by name.
  std::map<std::string, std::string> names = {
      {"a.test", std::string("\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\x0a\0\0\1", 16)},
      {"b.test",
       std::string("\xc0\x0c\0\5\0\1\0\0\0\x3c\0\x08\1a\4test\0", 20)},
      {"loop.test", std::string("\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\x0c", 14)}};
  std::unique_ptr<UdpSocket> socket;
  int asked = 0;
  int silent = 0;
  bool failing = false;
  bool forge = false;
};

void RunWithServer(std::function<void(Server&, Resolver&)> test) {
  testing::RunOnCores(1, [test = std::move(test)] {
    InstallMemoryNetwork({.seed = testing::Seed()});
    Server server(kServer);
    Resolver resolver(network, {kServer});
    test(server, resolver);
  });
}

TEST(Resolver, FindsAnAddressAndKeepsItForItsTime) {
  RunWithServer([](Server& server, Resolver& resolver) {
    for (int i = 0; i < 3; ++i) {
      auto addresses = resolver.Resolve("A.test.").Block();
      ASSERT_TRUE(addresses.ok()) << addresses.status();
      EXPECT_EQ(*addresses, Resolver::Addresses{kAddress});
    }
    EXPECT_EQ(server.asked, 1);
    if (!platform::Has(Platform::kFeatures, platform::Feature::kVirtualTime)) {
      return;
    }
    ASSERT_TRUE(Delay(seconds(31)).Block().ok());
    EXPECT_TRUE(resolver.Resolve("a.test").Block().ok());
    EXPECT_EQ(server.asked, 2);
  });
}

TEST(Resolver, FollowsAliases) {
  RunWithServer([](Server& server, Resolver& resolver) {
    auto addresses = resolver.Resolve("b.test").Block();
    ASSERT_TRUE(addresses.ok()) << addresses.status();
    EXPECT_EQ(*addresses, Resolver::Addresses{kAddress});
    EXPECT_EQ(server.asked, 2);
    EXPECT_EQ(resolver.Resolve("loop.test").Block().status().code(),
              absl::StatusCode::kNotFound);
  });
}

TEST(Resolver, AsksOnceForManyThatAsk) {
  RunWithServer([](Server& server, Resolver& resolver) {
    std::vector<Future<Resolver::Addresses>> futures;
    for (int i = 0; i < 10; ++i) futures.push_back(resolver.Resolve("a.test"));
    auto outcomes = WhenAll(std::move(futures)).Block();
    for (auto& outcome : *outcomes) EXPECT_TRUE(outcome.ok());
    EXPECT_EQ(server.asked, 1);
  });
}

TEST(Resolver, TriesAgain) {
  RunWithServer([](Server& server, Resolver& resolver) {
    server.silent = 1;
    EXPECT_TRUE(resolver.Resolve("a.test").Block().ok());
    EXPECT_EQ(server.asked, 2);
    server.failing = true;
    EXPECT_EQ(resolver.Resolve("x.test").Block().status().code(),
              absl::StatusCode::kUnavailable);
    EXPECT_EQ(server.asked, 2 + Resolver::kTriesMax);
  });
}

TEST(Resolver, BelievesOnlyAnAnswerToItsQuestion) {
  RunWithServer([](Server& server, Resolver& resolver) {
    server.forge = true;
    EXPECT_TRUE(resolver.Resolve("a.test").Block().ok());
  });
}

TEST(Resolver, SaysWhatIsNotThere) {
  RunWithServer([](Server& server, Resolver& resolver) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(resolver.Resolve("none.test").Block().status().code(),
                absl::StatusCode::kNotFound);
    }
    EXPECT_EQ(server.asked, 1);
    EXPECT_EQ(resolver.Resolve("no name").Block().status().code(),
              absl::StatusCode::kInvalidArgument);
    auto address = resolver.Resolve("10.0.0.9").Block();
    ASSERT_TRUE(address.ok());
    EXPECT_EQ(address->front(), IpAddress::V4(10, 0, 0, 9));
  });
}

TEST(Resolver, DroppingItCancels) {
  testing::RunOnCores(1, [] {
    InstallMemoryNetwork({.seed = testing::Seed()});
    auto resolver =
        std::make_unique<Resolver>(network, std::vector{kServer});
    auto addresses = resolver->Resolve("a.test");
    resolver.reset();
    EXPECT_EQ(std::move(addresses).Block().status().code(),
              absl::StatusCode::kCancelled);
  });
}

}  // namespace
}  // namespace ebbrt::dns
