// Which segment is whose: from a pair of endpoints to a connection, or to what
// is left of it in TIME-WAIT.
//
// Chains in buckets, doubled as they fill; the links are in the flows, so that
// an insertion cannot fail. Where memory for more buckets is refused the
// chains get longer. The hash is keyed: peers cannot choose what collides.
//
// Cores: one. Ownership: none; a flow outlives its membership.
// Blocks: never. Allocates: buckets. Bound: the caller's.
// Cost: O(1), but for doubling.
#ifndef EBBRT_CORE_NET_TCP_FLOW_TABLE_H_
#define EBBRT_CORE_NET_TCP_FLOW_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/net/endpoint.h"
#include "core/net/tcp/hash.h"

namespace ebbrt::tcp {

struct FlowKey {
  Endpoint local;
  Endpoint remote;
  friend bool operator==(const FlowKey&, const FlowKey&) = default;
};

// What a hash of a flow is for; those of different purposes are independent.
enum class HashPurpose : uint64_t {
  kTable = 1,
  kInitialSequence,
  kTimestampOffset,
  kPort,
  kCookie,
};

// Unpredictable without the key. `more` is hashed as well.
uint64_t HashFlow(const HashKey& key, HashPurpose purpose, const FlowKey& flow,
                  uint64_t more = 0);

// What a table refers to. Connections and TIME-WAITs derive from it.
struct Flow {
  enum class Kind : uint8_t { kConnection, kTimeWait };

  Flow(Kind kind, const FlowKey& key) : key(key), kind(kind) {}

  const FlowKey key;
  const Kind kind;
  bool in_table = false;
  uint32_t hash = 0;
  Flow* next = nullptr;  // In its bucket.
};

class FlowTable {
 public:
  explicit FlowTable(const HashKey& key);
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  // Null if there is none.
  Flow* Find(const FlowKey& key) const;
  // REQUIRES: in no table, and none of that key in this one.
  void Insert(Flow& flow);
  // REQUIRES: in this table.
  void Remove(Flow& flow);
  size_t size() const { return size_; }

 private:
  uint32_t HashOf(const FlowKey& key) const;
  void Grow();

  const HashKey key_;
  std::unique_ptr<Flow*[]> buckets_;
  size_t mask_;  // The number of buckets, a power of two, less one.
  size_t size_ = 0;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_FLOW_TABLE_H_
