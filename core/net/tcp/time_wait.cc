#include "core/net/tcp/time_wait.h"

namespace ebbrt::tcp {

bool TimeWait::AllowsReuse(const TcpHeader& syn) const {
  // RFC 6191 section 2.
  if (timestamp_recent.has_value() && syn.timestamps.has_value()) {
    if (TimestampClock::Before(*timestamp_recent, syn.timestamps->value)) {
      return true;
    }
    if (syn.timestamps->value != *timestamp_recent) return false;
  }
  return Sequence(syn.sequence) > receive_next;
}

TimeWaitTable::~TimeWaitTable() {
  while (!entries_.empty()) Remove(*entries_.front());
}

TimeWait* TimeWaitTable::Add(const FlowKey& key, Time expires) {
  if (entries_max_ == 0) return nullptr;
  if (size_ >= entries_max_) Remove(*entries_.front());
  TimeWait* entry = pool_.Make(key);
  if (entry == nullptr) return nullptr;
  entry->expires = expires;
  flows_.Insert(*entry);
  entries_.PushBack(entry);
  ++size_;
  return entry;
}

void TimeWaitTable::Restart(TimeWait& entry, Time expires) {
  entry.Unlink();
  entry.expires = expires;
  entries_.PushBack(&entry);
}

void TimeWaitTable::Remove(TimeWait& entry) {
  flows_.Remove(entry);
  entry.Unlink();
  --size_;
  pool_.Free(&entry);
}

void TimeWaitTable::Expire(Time now) {
  while (!entries_.empty() && entries_.front()->expires <= now) {
    Remove(*entries_.front());
  }
}

}  // namespace ebbrt::tcp
