#include "core/net/ip/arp_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/net/wire/ethernet.h"

namespace ebbrt::ip {

void ArpCache::Transmit(Ipv4Address next_hop, OutgoingFrame&& frame, Time now) {
  auto found = entries_.find(next_hop);
  Entry* entry = found == entries_.end() ? Make(next_hop) : &found->second;
  if (entry == nullptr) {
    link_.OnUnresolved(next_hop, std::move(frame));
    return;
  }
  entry->used = true;
  entry->last_use = now;
  if (entry->known) {
    link_.TransmitTo(entry->mac, std::move(frame));
    return;
  }
  if (entry->waiting.size() == kFramesWaitingMax) entry->waiting.pop_front();
  entry->waiting.push_back(std::move(frame));
  if (entry->requests == 0) Request(next_hop, *entry, now);
}

void ArpCache::Learn(Ipv4Address address, const MacAddress& mac, bool to_us,
                     Time now) {
  if (address.unspecified() || IsGroup(mac)) return;
  auto found = entries_.find(address);
  Entry* entry = found != entries_.end() ? &found->second
                 : to_us                 ? Make(address)
                                         : nullptr;
  if (entry == nullptr) return;
  entry->mac = mac;
  entry->known = true;
  entry->used = false;
  entry->requests = 0;
  entry->deadline = now + kLifetime;
  entry->last_use = std::max(entry->last_use, now);
  std::deque<OutgoingFrame> waiting = std::move(entry->waiting);
  entry->waiting.clear();
  for (OutgoingFrame& frame : waiting) link_.TransmitTo(mac, std::move(frame));
}

std::optional<MacAddress> ArpCache::Find(Ipv4Address address) const {
  auto found = entries_.find(address);
  if (found == entries_.end() || !found->second.known) return std::nullopt;
  return found->second.mac;
}

void ArpCache::OnTimer(Time now) {
  for (auto next = entries_.begin(); next != entries_.end();) {
    auto& [address, entry] = *next;
    std::vector<OutgoingFrame> unresolved;
    const Ipv4Address target = address;
    const bool stays = entry.deadline > now ||
                       OnDeadline(target, entry, now, unresolved);
    auto at = next++;
    if (!stays) entries_.erase(at);
    for (OutgoingFrame& frame : unresolved) {
      link_.OnUnresolved(target, std::move(frame));
    }
  }
}

bool ArpCache::OnDeadline(Ipv4Address address, Entry& entry, Time now,
                          std::vector<OutgoingFrame>& unresolved) {
  const bool wanted = entry.known ? entry.used : true;
  if (wanted && entry.requests < kRequestsMax) {
    Request(address, entry, now);
    return true;
  }
  unresolved.assign(std::make_move_iterator(entry.waiting.begin()),
                    std::make_move_iterator(entry.waiting.end()));
  return false;
}

Time ArpCache::next_deadline() const {
  Time next = kTimeNever;
  for (const auto& [address, entry] : entries_) {
    next = std::min(next, entry.deadline);
  }
  return next;
}

void ArpCache::Clear() { entries_.clear(); }

ArpCache::Entry* ArpCache::Make(Ipv4Address address) {
  if (entries_.size() == kEntriesMax) {
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (!at->second.known) continue;
      if (oldest == entries_.end() ||
          at->second.last_use < oldest->second.last_use) {
        oldest = at;
      }
    }
    if (oldest == entries_.end()) return nullptr;
    entries_.erase(oldest);
  }
  return &entries_[address];
}

void ArpCache::Request(Ipv4Address address, Entry& entry, Time now) {
  ++entry.requests;
  entry.deadline = now + kRequestInterval;
  link_.SendArpRequest(address, entry.known ? entry.mac : kBroadcastMac);
}

}  // namespace ebbrt::ip
