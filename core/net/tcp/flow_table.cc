#include "core/net/tcp/flow_table.h"

#include <array>
#include <new>
#include <span>

#include "core/base/check.h"

namespace ebbrt::tcp {
namespace {

constexpr size_t kBucketsMin = 16;

uint64_t Half(const IpAddress& address, size_t half) {
  return address.words()[half];
}

uint64_t Ports(const FlowKey& flow) {
  return uint64_t{flow.local.port} << 16 | flow.remote.port;
}

}  // namespace

uint64_t HashFlow(const HashKey& key, HashPurpose purpose, const FlowKey& flow,
                  uint64_t more) {
  const std::array<uint64_t, 6> words = {
      static_cast<uint64_t>(purpose) << 32 | Ports(flow),
      Half(flow.local.address, 0),
      Half(flow.local.address, 1),
      Half(flow.remote.address, 0),
      Half(flow.remote.address, 1),
      more};
  return SipHash<2, 4>(key, std::span(words));
}

FlowTable::FlowTable(const HashKey& key)
    : key_(key),
      buckets_(std::make_unique<Flow*[]>(kBucketsMin)),
      mask_(kBucketsMin - 1) {}

uint32_t FlowTable::HashOf(const FlowKey& key) const {
  // A peer chooses none of our few addresses, so that they need no hashing; and
  // the first halves are the same in all IPv4 addresses.
  const std::array<uint64_t, 3> words = {
      static_cast<uint64_t>(HashPurpose::kTable) << 32 | Ports(key),
      Half(key.remote.address, 1), Half(key.remote.address, 0)};
  return static_cast<uint32_t>(
      words[2] == 0 ? SipHash<1, 3>(key_, std::span(words).first<2>())
                    : SipHash<1, 3>(key_, std::span(words)));
}

Flow* FlowTable::Find(const FlowKey& key) const {
  const uint32_t hash = HashOf(key);
  for (Flow* flow = buckets_[hash & mask_]; flow != nullptr;
       flow = flow->next) {
    if (flow->hash == hash && flow->key == key) return flow;
  }
  return nullptr;
}

void FlowTable::Insert(Flow& flow) {
  EBBRT_CHECK(!flow.in_table);
  EBBRT_DCHECK(Find(flow.key) == nullptr);
  if (size_ > mask_) Grow();
  flow.hash = HashOf(flow.key);
  flow.next = buckets_[flow.hash & mask_];
  buckets_[flow.hash & mask_] = &flow;
  flow.in_table = true;
  ++size_;
}

void FlowTable::Remove(Flow& flow) {
  EBBRT_CHECK(flow.in_table);
  Flow** link = &buckets_[flow.hash & mask_];
  while (*link != &flow) link = &(*link)->next;
  *link = flow.next;
  flow.next = nullptr;
  flow.in_table = false;
  --size_;
}

void FlowTable::Grow() {
  const size_t count = 2 * (mask_ + 1);
  std::unique_ptr<Flow*[]> buckets(new (std::nothrow) Flow*[count]());
  if (buckets == nullptr) return;
  for (size_t i = 0; i <= mask_; ++i) {
    for (Flow* flow = buckets_[i]; flow != nullptr;) {
      Flow* next = flow->next;
      Flow*& bucket = buckets[flow->hash & (count - 1)];
      flow->next = bucket;
      bucket = flow;
      flow = next;
    }
  }
  buckets_ = std::move(buckets);
  mask_ = count - 1;
}

}  // namespace ebbrt::tcp
