// Who accepts connections to which endpoint.
//
// Cores: one. Ownership: owns the acceptors; one that is running when its
// listener ends lives until it returns. Blocks: Accept, where the acceptor
// does. Allocates: listeners. Bound: the application's duty.
// Errors: as said of each.
#ifndef EBBRT_CORE_NET_TCP_LISTENERS_H_
#define EBBRT_CORE_NET_TCP_LISTENERS_H_

#include <map>
#include <memory>

#include "core/net/endpoint.h"
#include "core/net/network.h"

namespace ebbrt::tcp {

class Listeners {
 public:
  // False: there is one already.
  bool Add(const Endpoint& local, TcpAcceptor acceptor);
  void Remove(const Endpoint& local) { acceptors_.erase(local); }

  // Whether connections to `local` are accepted: at this address, or at all of
  // its kind.
  bool Listens(const Endpoint& local) const {
    return Find(local) != acceptors_.end();
  }
  // The handler of a connection; null: refused.
  std::unique_ptr<TcpHandler> Accept(const Endpoint& local,
                                     const Endpoint& remote) const;

 private:
  using Map = std::map<Endpoint, std::shared_ptr<TcpAcceptor>>;
  Map::const_iterator Find(const Endpoint& local) const;

  Map acceptors_;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_LISTENERS_H_
