#include "core/net/tcp/listeners.h"

#include <utility>

namespace ebbrt::tcp {

bool Listeners::Add(const Endpoint& local, TcpAcceptor acceptor) {
  return acceptors_
      .emplace(local, std::make_shared<TcpAcceptor>(std::move(acceptor)))
      .second;
}

Listeners::Map::const_iterator Listeners::Find(const Endpoint& local) const {
  Map::const_iterator found = acceptors_.find(local);
  if (found != acceptors_.end()) return found;
  found = acceptors_.find({IpAddress::V6({}), local.port});
  if (found != acceptors_.end() || !local.address.is_v4()) return found;
  return acceptors_.find({IpAddress(), local.port});
}

std::unique_ptr<TcpHandler> Listeners::Accept(const Endpoint& local,
                                              const Endpoint& remote) const {
  const Map::const_iterator found = Find(local);
  if (found == acceptors_.end()) return nullptr;
  const std::shared_ptr<TcpAcceptor> acceptor = found->second;
  return (*acceptor)(remote);
}

}  // namespace ebbrt::tcp
