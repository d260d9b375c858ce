// A core's own copy of who listens where, so that a packet takes no lock.
//
// Cores: one. Ownership: refers to the table. Blocks, allocates: when the
// table has changed. Errors: none.
#ifndef EBBRT_CORE_NET_IP_LISTENER_VIEW_H_
#define EBBRT_CORE_NET_IP_LISTENER_VIEW_H_

#include <cstdint>
#include <vector>

#include "core/net/endpoint.h"
#include "core/net/port_table.h"

namespace ebbrt::ip {

class ListenerView {
 public:
  explicit ListenerView(PortTable& table) : table_(table) {}

  // Those who listen on `local`, or on its port of any address; null: nobody.
  const std::vector<PortTable::Owner>* Find(const Endpoint& local) {
    const uint64_t version = table_.version();
    if (version != version_) {
      copy_ = table_.Copy();
      version_ = version;
    }
    if (copy_.empty()) return nullptr;
    auto found = copy_.find(local);
    if (found == copy_.end()) found = copy_.find({IpAddress(), local.port});
    return found == copy_.end() ? nullptr : &found->second;
  }

 private:
  PortTable& table_;
  PortTable::Table copy_;
  uint64_t version_ = 0;
};

}  // namespace ebbrt::ip

#endif  // EBBRT_CORE_NET_IP_LISTENER_VIEW_H_
