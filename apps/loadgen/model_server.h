// A memcached in a hundred lines, for tests of the load generator: it reads its
// requests by code that has nothing to do with the generator's, takes a known
// time for each, and misbehaves when told to.
//
// Cores: one, the one that makes it. Ownership: the test's; it outlives its
// connections' last event. Blocks: no. Allocates: yes.
// Bound: none; the tests keep it. Errors: what is no request closes the
// connection.
#ifndef EBBRT_APPS_LOADGEN_MODEL_SERVER_H_
#define EBBRT_APPS_LOADGEN_MODEL_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/types.h"
#include "core/buf/iobuf_chain.h"
#include "core/event/timer.h"
#include "core/net/network.h"

namespace ebbrt::loadgen {

class ModelServer {
 public:
  struct Behaviour {
    // One request after another occupies the server for this long.
    Duration service{};
    // Requests that come within [stall_begin, + stall) after the first get
    // have to wait for its end.
    Duration stall_begin{};
    Duration stall{};
    // Each connection is closed, or sends nonsense, after so many replies.
    uint64_t close_after = 0;
    uint64_t nonsense_after = 0;
    // Reads and answers nothing after so many requests in total.
    uint64_t silent_after = 0;
    bool refuse_sets = false;
    bool forget_sets = false;
    // Answers every get of a value with another key's value of that size.
    bool mix_up_values = false;
  };

  ModelServer(const Endpoint& endpoint, const Behaviour& behaviour);
  ~ModelServer();

  // What it has seen.
  uint64_t gets = 0;
  uint64_t sets = 0;
  uint64_t connections = 0;
  size_t connections_most = 0;  // At a time.
  const std::map<std::string, std::string>& store() const { return store_; }

 private:
  class Handler;
  struct Waiting {
    Time ready;
    uint64_t connection;
    std::string reply;
  };

  std::string Set(std::string key, std::string value);
  std::optional<std::string> Get(const std::string& key);
  // Sends the reply when the server has got to it.
  void Answer(uint64_t connection, std::string reply);
  void SendReady();

  const Endpoint endpoint_;
  const Behaviour behaviour_;
  std::map<std::string, std::string> store_;
  std::map<uint64_t, Handler*> handlers_;
  std::optional<Time> first_get_;
  Time busy_until_{};
  std::deque<Waiting> waiting_;
  Timer timer_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_MODEL_SERVER_H_
