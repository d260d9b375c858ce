#include "platform/sim/simgrid/zones.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ebbrt::platform {
namespace {

namespace s4u = simgrid::s4u;
using Hosts = std::vector<s4u::Host*>;
// "1,2;3" as {{1, 2}, {3}}.
using Lists = std::vector<std::vector<unsigned int>>;

constexpr double kHostSpeed = 1e9;  // Nothing is computed on it.
constexpr unsigned int kElementsMax = 1u << 22;
constexpr auto kSharing = s4u::Link::SharingPolicy::SPLITDUPLEX;

double SecondsOf(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::optional<Lists> ParseLists(const std::string& text) {
  Lists lists;
  for (absl::string_view part : absl::StrSplit(text, ';')) {
    std::vector<unsigned int> list;
    for (absl::string_view word : absl::StrSplit(part, ',')) {
      unsigned int number;
      if (!absl::SimpleAtoi(word, &number) || number == 0 ||
          number > kElementsMax) {
        return std::nullopt;
      }
      list.push_back(number);
    }
    lists.push_back(std::move(list));
  }
  return lists;
}

absl::Status Wrong(const SimGridOptions& options, const char* expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("simulation.network.parameters: found \"",
                   options.parameters, "\", expected ", expected));
}

// Makes the host of each leaf, and notes it.
s4u::ClusterCallbacks MakeHosts(Hosts& hosts) {
  return s4u::ClusterCallbacks(
      [&hosts](s4u::NetZone* zone, const std::vector<unsigned long>&,
               unsigned long) {
        s4u::Host* host =
            zone->create_host(absl::StrCat("node-", hosts.size()), kHostSpeed);
        host->seal();
        hosts.push_back(host);
        return std::make_pair(
            host->get_netpoint(),
            static_cast<simgrid::kernel::routing::NetPoint*>(nullptr));
      });
}

void BuildStar(const std::vector<LinkOptions>& links, Hosts& hosts) {
  s4u::NetZone* zone = s4u::create_star_zone("star");
  for (const LinkOptions& options : links) {
    std::string name = absl::StrCat("node-", hosts.size());
    s4u::Host* host = zone->create_host(name, kHostSpeed)->seal();
    const s4u::Link* link =
        zone->create_split_duplex_link(name + "-link", options.rate_bps / 8)
            ->set_latency(SecondsOf(options.delay))
            ->seal();
    s4u::LinkInRoute up(link, s4u::LinkInRoute::Direction::UP);
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, {up},
                    true);
    hosts.push_back(host);
  }
  zone->seal();
}

absl::Status BuildFatTree(const SimGridOptions& options, Hosts& hosts) {
  std::optional<Lists> lists = ParseLists(options.parameters);
  bool right = lists.has_value() && lists->size() == 4 &&
               (*lists)[0].size() == 1;
  for (size_t i = 1; right && i < 4; ++i) {
    right = (*lists)[i].size() == (*lists)[0][0];
  }
  if (!right) {
    return Wrong(options, "LEVELS;CHILDREN,...;PARENTS,...;LINKS,...");
  }
  s4u::FatTreeParams tree((*lists)[0][0], (*lists)[1], (*lists)[2],
                          (*lists)[3]);
  s4u::create_fatTree_zone("fat-tree", nullptr, tree, MakeHosts(hosts),
                           options.link.rate_bps / 8,
                           SecondsOf(options.link.delay), kSharing)
      ->seal();
  return absl::OkStatus();
}

absl::Status BuildTorus(const SimGridOptions& options, Hosts& hosts) {
  std::optional<Lists> lists = ParseLists(options.parameters);
  if (!lists.has_value() || lists->size() != 1) {
    return Wrong(options, "SIDE,SIDE,...");
  }
  std::vector<unsigned long> sides((*lists)[0].begin(), (*lists)[0].end());
  s4u::create_torus_zone("torus", nullptr, sides, MakeHosts(hosts),
                         options.link.rate_bps / 8,
                         SecondsOf(options.link.delay), kSharing)
      ->seal();
  return absl::OkStatus();
}

absl::Status BuildDragonfly(const SimGridOptions& options, Hosts& hosts) {
  std::optional<Lists> lists = ParseLists(options.parameters);
  bool right = lists.has_value() && lists->size() == 4 &&
               (*lists)[3].size() == 1;
  for (size_t i = 0; right && i < 3; ++i) right = (*lists)[i].size() == 2;
  if (!right) {
    return Wrong(options,
                 "GROUPS,LINKS;CHASSIS,LINKS;ROUTERS,LINKS;NODES");
  }
  auto pair = [&lists](size_t i) {
    return std::make_pair((*lists)[i][0], (*lists)[i][1]);
  };
  s4u::DragonflyParams dragonfly(pair(0), pair(1), pair(2), (*lists)[3][0]);
  s4u::create_dragonfly_zone("dragonfly", nullptr, dragonfly, MakeHosts(hosts),
                             options.link.rate_bps / 8,
                             SecondsOf(options.link.delay), kSharing)
      ->seal();
  return absl::OkStatus();
}

}  // namespace

absl::Status BuildZone(const SimGridOptions& options,
                       const std::vector<LinkOptions>& links,
                       s4u::Engine& engine, Hosts& hosts) try {
  absl::Status built = absl::OkStatus();
  if (options.topology == "star") {
    BuildStar(links, hosts);
  } else if (options.topology == "fat_tree") {
    built = BuildFatTree(options, hosts);
  } else if (options.topology == "torus") {
    built = BuildTorus(options, hosts);
  } else if (options.topology == "dragonfly") {
    built = BuildDragonfly(options, hosts);
  } else {
    engine.load_platform(options.file);
    hosts = engine.get_all_hosts();
  }
  if (!built.ok()) return built;
  if (hosts.size() < links.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("simulation.nodes: found ", links.size(),
                     " nodes, but the topology has ", hosts.size()));
  }
  return absl::OkStatus();
} catch (const std::exception& error) {
  return absl::InvalidArgumentError(
      absl::StrCat("simulation.network: SimGrid refuses it: ", error.what()));
}

}  // namespace ebbrt::platform
