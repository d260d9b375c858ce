// Two hosts, the link between them, and time: a plain loop over what is next.
//
// Cores: one. Ownership: owns the hosts, hence their connections and handlers.
// Blocks: never. Allocates: yes. Bound: kStepsMax.
// Units: Time. Errors: a world that does not come to rest is a failed check.
#ifndef EBBRT_CORE_NET_TCP_TESTING_WORLD_H_
#define EBBRT_CORE_NET_TCP_TESTING_WORLD_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/base/types.h"
#include "core/net/endpoint.h"
#include "core/net/tcp/host.h"
#include "core/net/tcp/options.h"
#include "core/net/tcp/output.h"
#include "core/net/tcp/testing/link.h"

namespace ebbrt::tcp::testing {

class World;

// A host and what is around it.
class Node final : public Output {
 public:
  Node(World& world, IpAddress address, const Options& options,
       const LinkOptions& link, uint64_t seed);

  void Transmit(const OutgoingSegment& segment,
                const IOBufChain& payload) override;
  Path PathTo(const IpAddress&, const IpAddress&) override { return path; }
  bool ArrivesHere(const Endpoint&, const Endpoint&) override { return true; }
  Time Now() override;
  void SetTimer(Time deadline) override { timer_ = deadline; }
  void Defer() override { ++deferred_; }

  Time next() const { return timer_; }
  bool has_deferred() const { return deferred_ != 0; }
  Host& host() { return host_; }
  // What has arrived at this node, what is due, and what was put off.
  void Receive(Link& from, Time now);
  void RunTimer(Time now);
  void RunDeferred();

  const IpAddress address;
  Path path = {.segment_bytes_max = 1460, .cut_bytes_max = 0};
  Link out;

 private:
  World& world_;
  Time timer_ = kTimeNever;
  uint64_t deferred_ = 0;
  Host host_;
};

class World {
 public:
  static constexpr uint64_t kStepsMax = 50'000'000;

  struct Setup {
    Options client;
    Options server;
    LinkOptions to_server;
    LinkOptions to_client;
    uint64_t seed = 1;
  };
  explicit World(const Setup& setup);

  Node& client() { return *nodes_[0]; }
  Node& server() { return *nodes_[1]; }
  Time now() const { return now_; }

  // Runs until `done`, or nothing is left to do, or so long; returns whether
  // it is done.
  bool RunUntil(const std::function<bool()>& done, Duration limit);
  void RunFor(Duration duration) {
    RunUntil([] { return false; }, duration);
  }
  // The application does something.
  void RunDeferred();

  static constexpr IpAddress kClient = IpAddress::V4(10, 0, 0, 1);
  static constexpr IpAddress kServer = IpAddress::V4(10, 0, 0, 2);

 private:
  Time now_{};
  std::array<std::unique_ptr<Node>, 2> nodes_;
};

}  // namespace ebbrt::tcp::testing

#endif  // EBBRT_CORE_NET_TCP_TESTING_WORLD_H_
