#include "platform/baremetal/acpi/madt.h"

#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ebbrt::platform::acpi {
namespace {

constexpr size_t kEntriesOffset = 44;

enum EntryType : uint8_t {
  kLocalApic = 0,
  kIoApic = 1,
  kInterruptOverride = 2,
  kLocalApicAddress = 5,
  kLocalX2Apic = 9,
};

// These address all processors at once; no single one has them.
constexpr uint32_t kBroadcastXApicId = 0xff;
constexpr uint32_t kBroadcastX2ApicId = 0xffffffff;

constexpr uint32_t kEnabled = 1u << 0;
constexpr uint32_t kOnlineCapable = 1u << 1;

class Reader {
 public:
  explicit Reader(const Table& table) : table_(table) {}

  absl::StatusOr<Madt> Read() {
    const Fields& fields = table_.fields();
    madt_.local_apic_address = fields.Get<uint32_t>(36);
    madt_.has_8259 = (fields.Get<uint32_t>(40) & 1) != 0;
    absl::Status status =
        ForEachEntry(table_, kEntriesOffset,
                     [this](const Entry& entry) { return Visit(entry); });
    if (!status.ok()) return status;
    return std::move(madt_);
  }

 private:
  absl::Status Visit(const Entry& entry) {
    switch (entry.type) {
      case kLocalApic:
        return VisitLocalApic(entry);
      case kIoApic:
        return VisitIoApic(entry);
      case kInterruptOverride:
        return VisitOverride(entry);
      case kLocalApicAddress:
        return VisitLocalApicAddress(entry);
      case kLocalX2Apic:
        return VisitLocalX2Apic(entry);
      default:
        return absl::OkStatus();
    }
  }

  absl::Status VisitLocalApic(const Entry& entry) {
    absl::Status status = CheckEntryBytes(table_, entry, 8);
    if (!status.ok()) return status;
    uint32_t id = entry.fields.Get<uint8_t>(3);
    if (id == kBroadcastXApicId) return absl::OkStatus();
    return AddProcessor(entry, id, entry.fields.Get<uint8_t>(2),
                        entry.fields.Get<uint32_t>(4));
  }

  absl::Status VisitLocalX2Apic(const Entry& entry) {
    absl::Status status = CheckEntryBytes(table_, entry, 16);
    if (!status.ok()) return status;
    uint32_t id = entry.fields.Get<uint32_t>(4);
    if (id == kBroadcastX2ApicId) return absl::OkStatus();
    return AddProcessor(entry, id, entry.fields.Get<uint32_t>(12),
                        entry.fields.Get<uint32_t>(8));
  }

  absl::Status AddProcessor(const Entry& entry, uint32_t id, uint32_t uid,
                            uint32_t flags) {
    bool enabled = (flags & kEnabled) != 0;
    bool online_capable = !enabled && (flags & kOnlineCapable) != 0;
    auto [place, added] = places_.try_emplace(id, madt_.processors.size());
    if (added) {
      if (madt_.processors.size() == kProcessorsMax) {
        return table_.Error(entry.offset, absl::StrCat("more than ",
                                                       kProcessorsMax,
                                                       " processors"));
      }
      madt_.processors.push_back({id, uid, enabled, online_capable});
      return absl::OkStatus();
    }
    // Listed twice, it is there if either says so: to try to start one that is
    // not costs a moment, not to try costs a core.
    Madt::Processor& known = madt_.processors[place->second];
    if (enabled && !known.enabled) known = {id, uid, true, false};
    if (!known.enabled) known.online_capable |= online_capable;
    return absl::OkStatus();
  }

  absl::Status VisitIoApic(const Entry& entry) {
    absl::Status status = CheckEntryBytes(table_, entry, 12);
    if (!status.ok()) return status;
    if (madt_.io_apics.size() == kIoApicsMax) {
      return table_.Error(entry.offset,
                          absl::StrCat("more than ", kIoApicsMax, " IO APICs"));
    }
    madt_.io_apics.push_back({entry.fields.Get<uint8_t>(2),
                              entry.fields.Get<uint32_t>(4),
                              entry.fields.Get<uint32_t>(8)});
    return absl::OkStatus();
  }

  absl::Status VisitOverride(const Entry& entry) {
    absl::Status status = CheckEntryBytes(table_, entry, 10);
    if (!status.ok()) return status;
    uint8_t bus = entry.fields.Get<uint8_t>(2);
    uint8_t irq = entry.fields.Get<uint8_t>(3);
    if (bus != 0 || irq >= kIsaInterrupts) return absl::OkStatus();
    for (const Madt::Override& known : madt_.overrides) {
      if (known.isa_irq == irq) return absl::OkStatus();
    }
    uint16_t flags = entry.fields.Get<uint16_t>(8);
    InterruptLine line = {entry.fields.Get<uint32_t>(4), Polarity::kOfBus,
                          Trigger::kOfBus};
    // Other values are "of the bus" and a reserved one.
    if ((flags & 3) == 1) line.polarity = Polarity::kActiveHigh;
    if ((flags & 3) == 3) line.polarity = Polarity::kActiveLow;
    if ((flags >> 2 & 3) == 1) line.trigger = Trigger::kEdge;
    if ((flags >> 2 & 3) == 3) line.trigger = Trigger::kLevel;
    madt_.overrides.push_back({irq, line});
    return absl::OkStatus();
  }

  absl::Status VisitLocalApicAddress(const Entry& entry) {
    absl::Status status = CheckEntryBytes(table_, entry, 12);
    if (!status.ok()) return status;
    madt_.local_apic_address = entry.fields.Get<uint64_t>(4);
    return absl::OkStatus();
  }

  const Table& table_;
  Madt madt_;
  // Where in madt_.processors an APIC id stands.
  std::unordered_map<uint32_t, size_t> places_;
};

InterruptLine Resolve(const Madt& madt, InterruptLine by_default) {
  for (const Madt::Override& entry : madt.overrides) {
    if (entry.isa_irq != by_default.gsi) continue;
    InterruptLine line = entry.line;
    if (line.polarity == Polarity::kOfBus) line.polarity = by_default.polarity;
    if (line.trigger == Trigger::kOfBus) line.trigger = by_default.trigger;
    return line;
  }
  return by_default;
}

}  // namespace

InterruptLine Madt::IsaLine(uint8_t irq) const {
  return Resolve(*this, {irq, Polarity::kActiveHigh, Trigger::kEdge});
}

InterruptLine Madt::SciLine(uint16_t irq) const {
  return Resolve(*this, {irq, Polarity::kActiveLow, Trigger::kLevel});
}

absl::StatusOr<Madt> ReadMadt(const Table& table) {
  if (table.fields().size() < kEntriesOffset) {
    return table.Error(4, "too short");
  }
  return Reader(table).Read();
}

}  // namespace ebbrt::platform::acpi
