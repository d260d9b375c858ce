#include "platform/baremetal/acpi/numa.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "platform/baremetal/acpi/madt.h"

namespace ebbrt::platform::acpi {
namespace {

constexpr size_t kSratEntriesOffset = 48;
constexpr size_t kSlitCountOffset = 36;
constexpr size_t kSlitEntriesOffset = 44;

enum EntryType : uint8_t {
  kProcessorAffinity = 0,
  kMemoryAffinity = 1,
  kX2ApicAffinity = 2,
};

constexpr uint32_t kEnabled = 1u << 0;
constexpr uint32_t kHotPluggable = 1u << 1;

// Reads entries with their domains where the nodes will stand, then numbers
// the domains.
class SratReader {
 public:
  explicit SratReader(const Table& table) : table_(table) {}

  absl::StatusOr<Numa> Read() {
    absl::Status status =
        ForEachEntry(table_, kSratEntriesOffset,
                     [this](const Entry& entry) { return Visit(entry); });
    if (status.ok()) status = NumberDomains();
    if (!status.ok()) return status;
    return std::move(numa_);
  }

 private:
  absl::Status Visit(const Entry& entry) {
    switch (entry.type) {
      case kProcessorAffinity:
        return VisitProcessor(entry);
      case kMemoryAffinity:
        return VisitMemory(entry);
      case kX2ApicAffinity:
        return VisitX2Apic(entry);
      default:
        return absl::OkStatus();
    }
  }

  // Before revision 2 a domain was one byte, and what stands beside it was
  // reserved, which firmware need not have cleared.
  bool domains_are_bytes() const { return table_.revision() < 2; }

  absl::Status VisitProcessor(const Entry& entry) {
    absl::Status status = CheckEntryBytes(table_, entry, 16);
    if (!status.ok()) return status;
    if ((entry.fields.Get<uint32_t>(4) & kEnabled) == 0) {
      return absl::OkStatus();
    }
    uint32_t domain = entry.fields.Get<uint8_t>(2);
    if (!domains_are_bytes()) {
      domain |= uint32_t{entry.fields.Get<uint8_t>(9)} << 8 |
                uint32_t{entry.fields.Get<uint16_t>(10)} << 16;
    }
    return AddProcessor(entry, entry.fields.Get<uint8_t>(3), domain);
  }

  absl::Status VisitX2Apic(const Entry& entry) {
    absl::Status status = CheckEntryBytes(table_, entry, 24);
    if (!status.ok()) return status;
    if ((entry.fields.Get<uint32_t>(12) & kEnabled) == 0) {
      return absl::OkStatus();
    }
    return AddProcessor(entry, entry.fields.Get<uint32_t>(8),
                        entry.fields.Get<uint32_t>(4));
  }

  absl::Status AddProcessor(const Entry& entry, uint32_t apic_id,
                            uint32_t domain) {
    if (!apic_ids_.insert(apic_id).second) return absl::OkStatus();
    if (numa_.processors.size() == kProcessorsMax) {
      return table_.Error(
          entry.offset, absl::StrCat("more than ", kProcessorsMax,
                                     " processors"));
    }
    numa_.processors.push_back({apic_id, domain});
    return absl::OkStatus();
  }

  absl::Status VisitMemory(const Entry& entry) {
    absl::Status status = CheckEntryBytes(table_, entry, 40);
    if (!status.ok()) return status;
    uint32_t flags = entry.fields.Get<uint32_t>(28);
    uint64_t base = entry.fields.Get<uint64_t>(8);
    uint64_t bytes = entry.fields.Get<uint64_t>(16);
    // Empty ranges stand for memory that is not there.
    if ((flags & kEnabled) == 0 || bytes == 0) return absl::OkStatus();
    if (bytes > ~uint64_t{0} - base) {
      return table_.Error(entry.offset, "memory beyond the last address");
    }
    if (numa_.memory.size() == kMemoryRangesMax) {
      return table_.Error(
          entry.offset, absl::StrCat("more than ", kMemoryRangesMax,
                                     " ranges of memory"));
    }
    uint32_t domain = domains_are_bytes() ? entry.fields.Get<uint8_t>(2)
                                          : entry.fields.Get<uint32_t>(2);
    numa_.memory.push_back(
        {base, bytes, domain, (flags & kHotPluggable) != 0});
    return absl::OkStatus();
  }

  absl::Status NumberDomains() {
    std::vector<uint32_t>& domains = numa_.domains;
    for (const auto& entry : numa_.processors) domains.push_back(entry.node);
    for (const auto& entry : numa_.memory) domains.push_back(entry.node);
    std::sort(domains.begin(), domains.end());
    domains.erase(std::unique(domains.begin(), domains.end()), domains.end());
    if (domains.size() > kNumaNodesMax) {
      return table_.Error(kSratEntriesOffset,
                          absl::StrCat(domains.size(),
                                       " proximity domains, more than ",
                                       kNumaNodesMax));
    }
    auto node_of = [&domains](uint32_t domain) {
      auto place = std::lower_bound(domains.begin(), domains.end(), domain);
      return static_cast<uint32_t>(place - domains.begin());
    };
    for (auto& entry : numa_.processors) entry.node = node_of(entry.node);
    for (auto& entry : numa_.memory) entry.node = node_of(entry.node);
    return absl::OkStatus();
  }

  const Table& table_;
  Numa numa_;
  std::unordered_set<uint32_t> apic_ids_;
};

}  // namespace

uint8_t Numa::Distance(uint32_t from, uint32_t to) const {
  EBBRT_CHECK(from < node_count() && to < node_count());
  if (distances.empty()) return from == to ? kDistanceLocal : kDistanceRemote;
  return distances[size_t{from} * node_count() + to];
}

std::optional<uint32_t> Numa::NodeOfProcessor(uint32_t apic_id) const {
  for (const Processor& entry : processors) {
    if (entry.apic_id == apic_id) return entry.node;
  }
  return std::nullopt;
}

std::optional<uint32_t> Numa::NodeOfAddress(uint64_t address) const {
  for (const Memory& entry : memory) {
    if (address >= entry.base && address - entry.base < entry.bytes) {
      return entry.node;
    }
  }
  return std::nullopt;
}

absl::StatusOr<Numa> ReadSrat(const Table& table) {
  if (table.fields().size() < kSratEntriesOffset) {
    return table.Error(4, "too short");
  }
  return SratReader(table).Read();
}

absl::Status ReadSlit(const Table& table, Numa& numa) {
  const Fields& fields = table.fields();
  uint64_t count = fields.Get<uint64_t>(kSlitCountOffset);
  // The first bound keeps the square of the second from overflowing.
  if (count > Table::kBytesMax ||
      fields.Part(kSlitEntriesOffset, count * count).empty()) {
    return table.Error(kSlitCountOffset,
                       absl::StrCat("too short for ", count, " localities"));
  }
  std::vector<uint8_t> distances;
  distances.reserve(size_t{numa.node_count()} * numa.node_count());
  for (uint32_t from : numa.domains) {
    for (uint32_t to : numa.domains) {
      uint8_t distance = from == to ? kDistanceLocal : kDistanceRemote;
      if (from < count && to < count) {
        size_t offset = kSlitEntriesOffset + from * count + to;
        distance = fields.Get<uint8_t>(offset);
        if ((from == to) != (distance == kDistanceLocal) ||
            distance < kDistanceLocal) {
          return table.Error(offset, absl::StrCat("a distance of ", distance));
        }
      }
      distances.push_back(distance);
    }
  }
  numa.distances = std::move(distances);
  return absl::OkStatus();
}

}  // namespace ebbrt::platform::acpi
