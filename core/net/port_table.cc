#include "core/net/port_table.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ebbrt {

bool PortTable::PortIsFree(uint16_t port) const {
  return std::none_of(table_.begin(), table_.end(), [port](const auto& entry) {
    return entry.first.port == port;
  });
}

absl::StatusOr<Endpoint> PortTable::Bind(const Endpoint& endpoint,
                                           Owner owner) {
  Endpoint bound = endpoint;
  std::scoped_lock guard(lock_);
  for (uint32_t tries = 0; bound.port == 0; ++tries) {
    if (tries == kDynamicPorts) {
      return absl::ResourceExhaustedError(
          absl::StrCat(endpoint.ToString(), ": no port is free"));
    }
    uint16_t port = kFirstDynamicPort + next_dynamic_++ % kDynamicPorts;
    if (PortIsFree(port)) bound.port = port;
  }
  std::vector<Owner>& owners = table_[bound];
  for (const Owner& other : owners) {
    if (other.core == owner.core) {
      return absl::AlreadyExistsError(
          absl::StrCat(bound.ToString(), " is in use on this core"));
    }
  }
  owners.push_back(owner);
  Changed();
  return bound;
}

void PortTable::Unbind(const Endpoint& endpoint, CoreId core) {
  std::scoped_lock guard(lock_);
  auto found = table_.find(endpoint);
  if (found == table_.end()) return;
  std::erase_if(found->second,
                [core](const Owner& owner) { return owner.core == core; });
  if (found->second.empty()) table_.erase(found);
  Changed();
}

PortTable::Table PortTable::Copy() {
  std::scoped_lock guard(lock_);
  return table_;
}

std::optional<PortTable::Found> PortTable::Find(const Endpoint& endpoint,
                                                    Random& random) {
  constexpr IpAddress kUnspecifiedV6 = IpAddress::V6({});
  const std::array candidates = {
      endpoint, Endpoint{IpAddress(), endpoint.port},
      Endpoint{kUnspecifiedV6, endpoint.port}};
  std::scoped_lock guard(lock_);
  for (const Endpoint& candidate : candidates) {
    auto found = table_.find(candidate);
    if (found == table_.end()) continue;
    const std::vector<Owner>& owners = found->second;
    return Found{candidate, owners[random.Below(owners.size())]};
  }
  return std::nullopt;
}

}  // namespace ebbrt
