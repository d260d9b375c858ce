// Finds the addresses of a name, by asking DNS servers that resolve (recursive
// ones, such as DHCP names).
//
// Each question has an identifier and a port of its own, from entropy; only the
// server that was asked, and only with the same question, is listened to.
//
// Cores: one, from events. Ownership: the caller's; dropping it fails what is
// under way with kCancelled. Blocks: never. Allocates: records, sockets.
// Bound: kCacheMax names, of which the one that expires first gives way;
// kQuestionsMax at once; kTriesMax, kTimeout; kAliasesMax in a row.
// Units: Time. Errors: kNotFound (no such name, no address),
// kInvalidArgument (no name), kResourceExhausted, kUnavailable (no server
// answers, or none can).
// Source: RFC 1035 section 7; RFC 5452 (what is hard to forge); RFC 2308
// (that a name does not exist is kept, for kNegativeLifetime).
#ifndef EBBRT_CORE_NET_DNS_RESOLVER_H_
#define EBBRT_CORE_NET_DNS_RESOLVER_H_

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/async/future.h"
#include "core/base/types.h"
#include "core/ebb/ebb_ref.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"

namespace ebbrt::dns {

class Resolver {
 public:
  using Addresses = std::vector<IpAddress>;

  static constexpr size_t kCacheMax = 256;
  static constexpr size_t kQuestionsMax = 64;
  static constexpr int kTriesMax = 4;  // The servers in turn.
  static constexpr int kAliasesMax = 8;
  static constexpr Duration kTimeout = std::chrono::seconds(2);
  static constexpr Duration kLifetimeMax = std::chrono::hours(24);
  static constexpr Duration kNegativeLifetime = std::chrono::seconds(10);

  // REQUIRES: at least one server.
  Resolver(EbbRef<Network> network, std::vector<Endpoint> servers);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Text that is an address is that address.
  Future<Addresses> Resolve(std::string_view name);

  size_t cache_size() const { return cache_.size(); }

 private:
  class Question;
  struct Cached {
    Addresses addresses;  // None: there is no such name.
    Time expires;
  };

  void Finish(const std::string& name, absl::StatusOr<Addresses> outcome,
              Duration lifetime);

  const EbbRef<Network> network_;
  const std::vector<Endpoint> servers_;
  std::map<std::string, Cached, std::less<>> cache_;
  std::map<std::string, std::shared_ptr<Question>, std::less<>> questions_;
};

}  // namespace ebbrt::dns

#endif  // EBBRT_CORE_NET_DNS_RESOLVER_H_
