// Where the cores of a node listen, and how many connections each serves.
//
// The kernel spreads connections over the listening sockets by a hash, which of
// a few connections gives one core twice what it gives another. So a core that
// accepts hands the new connection to the core that has fewest; from then on it
// stays there.
//
// Cores: any. Ownership: the networks of the node share it. Blocks: for the
// system calls by which another core begins to listen, none of which waits.
// Allocates: a record an endpoint.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_LISTENING_ENDPOINTS_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_LISTENING_ENDPOINTS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/types.h"
#include "core/net/endpoint.h"

namespace ebbrt::sockets {

// The connections that were accepted at one endpoint, by core. What it says is
// a moment old, which is good enough to be fair.
class ListenerLoad {
 public:
  explicit ListenerLoad(uint32_t core_count) : cores_(core_count) {}

  void SetListening(CoreId core, bool listening) {
    cores_[core.index()].listening.store(listening, std::memory_order_relaxed);
  }
  // The listening core that has fewest, and `mine` rather than another. It has
  // one more from now on.
  CoreId Choose(CoreId mine);
  // A connection that was counted for `core` is gone.
  void Remove(CoreId core) {
    cores_[core.index()].connections.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  // Relaxed throughout: the counts order nothing.
  struct alignas(kNoSharingBytes) Core {
    std::atomic<bool> listening{false};
    std::atomic<uint32_t> connections{0};
  };
  std::vector<Core> cores_;
};

class ListeningEndpoints {
 public:
  // Held while a core begins to listen, so that of all cores exactly one is
  // the first.
  std::mutex& mutex() { return mutex_; }

  // All: REQUIRES the mutex.
  bool contains(const Endpoint& local) const { return loads_.contains(local); }
  std::shared_ptr<ListenerLoad> Add(const Endpoint& local, CoreId core,
                                    uint32_t core_count);
  void Remove(const Endpoint& local, CoreId core);

 private:
  struct Entry {
    std::shared_ptr<ListenerLoad> load;
    uint32_t listening_cores = 0;
  };
  std::mutex mutex_;
  std::map<Endpoint, Entry> loads_;
};

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_LISTENING_ENDPOINTS_H_
