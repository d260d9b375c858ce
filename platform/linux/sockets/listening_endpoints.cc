#include "platform/linux/sockets/listening_endpoints.h"

namespace ebbrt::sockets {

CoreId ListenerLoad::Choose(CoreId mine) {
  auto connections = [this](uint32_t core) {
    return cores_[core].connections.load(std::memory_order_relaxed);
  };
  uint32_t chosen = mine.index();
  for (uint32_t i = 0; i < cores_.size(); ++i) {
    if (cores_[i].listening.load(std::memory_order_relaxed) &&
        connections(i) < connections(chosen)) {
      chosen = i;
    }
  }
  cores_[chosen].connections.fetch_add(1, std::memory_order_relaxed);
  return CoreId(chosen);
}

std::shared_ptr<ListenerLoad> ListeningEndpoints::Add(const Endpoint& local,
                                                      CoreId core,
                                                      uint32_t core_count) {
  Entry& entry = loads_[local];
  if (entry.load == nullptr) {
    entry.load = std::make_shared<ListenerLoad>(core_count);
  }
  ++entry.listening_cores;
  entry.load->SetListening(core, true);
  return entry.load;
}

void ListeningEndpoints::Remove(const Endpoint& local, CoreId core) {
  auto found = loads_.find(local);
  found->second.load->SetListening(core, false);
  if (--found->second.listening_cores == 0) loads_.erase(found);
}

}  // namespace ebbrt::sockets
