#include "core/net/tcp/testing/world.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/base/random.h"

namespace ebbrt::tcp::testing {

Node::Node(World& world, IpAddress address, const Options& options,
           const LinkOptions& link, uint64_t seed)
    : address(address),
      out(link, seed),
      world_(world),
      host_(options, *this, HashKey{{MixBits(seed), MixBits(~seed)}}) {}

void Node::Transmit(const OutgoingSegment& segment,
                    const IOBufChain& payload) {
  EBBRT_CHECK(segment.source == address);
  std::optional<IOBufChain> views = payload.Clone();
  // Without memory for them it is lost on its way.
  if (views.has_value()) out.Send(segment, *std::move(views), world_.now());
}

Time Node::Now() { return world_.now(); }

void Node::Receive(Link& from, Time now) {
  if (from.next_arrival() > now) return;
  while (std::optional<Packet> packet = from.Receive(now)) {
    host_.OnSegment(packet->source, packet->destination, packet->header,
                   std::move(packet->payload), packet->ecn, now);
  }
  host_.OnBurstEnd(now);
}

void Node::RunTimer(Time now) {
  if (timer_ > now) return;
  timer_ = kTimeNever;
  host_.OnTimer(now);
}

void Node::RunDeferred() {
  while (deferred_ != 0) {
    --deferred_;
    host_.RunDeferred();
  }
}

World::World(const Setup& setup) {
  // Not at the beginning of time, so that numbers wrap somewhere else.
  now_ = Time(std::chrono::seconds(1'000) +
              Duration(MixBits(setup.seed) % 1'000'000'000'000));
  nodes_[0] = std::make_unique<Node>(*this, kClient, setup.client,
                                     setup.to_server, setup.seed * 2 + 1);
  nodes_[1] = std::make_unique<Node>(*this, kServer, setup.server,
                                     setup.to_client, setup.seed * 2 + 2);
}

void World::RunDeferred() {
  while (client().has_deferred() || server().has_deferred()) {
    client().RunDeferred();
    server().RunDeferred();
  }
}

bool World::RunUntil(const std::function<bool()>& done, Duration limit) {
  const Time end = now_ + limit;
  for (uint64_t step = 0; step < kStepsMax; ++step) {
    RunDeferred();
    if (done()) return true;
    const Time next = std::min({client().next(), server().next(),
                                client().out.next_arrival(),
                                server().out.next_arrival()});
    if (next > end) {
      now_ = end;
      return done();
    }
    now_ = std::max(now_, next);
    server().Receive(client().out, now_);
    client().Receive(server().out, now_);
    client().RunTimer(now_);
    server().RunTimer(now_);
  }
  EBBRT_CHECK(!"the world does not come to rest");
  return false;
}

}  // namespace ebbrt::tcp::testing
