#include "platform/baremetal/pci/enumerate.h"

#include <algorithm>
#include <bitset>
#include <optional>

#include "absl/strings/str_cat.h"
#include "platform/baremetal/pci/registers.h"

namespace ebbrt::platform::pci {
namespace {

// The walk over one range.
class Walk {
 public:
  Walk(ConfigSpace& config, const BusRange& range, Enumeration& result)
      : config_(config), range_(range), result_(result) {}

  void Run(Roots roots) {
    VisitTree(range_.first);
    if (roots == Roots::kFirstBus) return;
    for (uint32_t bus = range_.first; bus <= range_.last; ++bus) {
      if (!visited_[bus]) VisitTree(static_cast<uint8_t>(bus));
    }
  }

 private:
  // A bus and all that bridges lead to from there.
  void VisitTree(uint8_t root) {
    std::vector<uint8_t> buses = {root};
    visited_.set(root);
    // Grows, by each bus once at most.
    for (size_t i = 0; i < buses.size(); ++i) VisitBus(buses[i], buses);
  }

  void VisitBus(uint8_t bus, std::vector<uint8_t>& buses) {
    for (uint8_t device = 0; device < kDevices; ++device) {
      bool multifunction = true;
      for (uint8_t number = 0; number < kFunctions && multifunction;
           ++number) {
        std::optional<Function> function =
            ReadFunction(config_, {range_.segment, bus, device, number});
        if (function.has_value()) {
          if (!Add(*function, buses)) return;
        }
        // Function 0 says whether there are others, and is there if any is.
        if (number == 0) {
          multifunction = function.has_value() && function->multifunction;
        }
      }
    }
  }

  // False if there is no room.
  bool Add(const Function& function, std::vector<uint8_t>& buses) {
    if (result_.functions.size() == kEnumeratedMax) {
      if (!full_) Note(function, "is one too many; the rest is left out");
      full_ = true;
      return false;
    }
    result_.functions.push_back(function);
    if (function.header_type == HeaderType::kBridge) {
      FollowBridge(function, buses);
    }
    return true;
  }

  void FollowBridge(const Function& bridge, std::vector<uint8_t>& buses) {
    uint8_t secondary = config_.Read8(bridge.address, kSecondaryBus8);
    uint8_t subordinate = config_.Read8(bridge.address, kSubordinateBus8);
    if (secondary == 0) {
      Note(bridge, "is a bridge that firmware has not set up");
      return;
    }
    if (secondary > subordinate ||
        !range_.Contains(range_.segment, secondary) ||
        visited_[secondary]) {
      Note(bridge, absl::StrCat("is a bridge to bus ", secondary,
                                ", which cannot be behind it"));
      return;
    }
    visited_.set(secondary);
    buses.push_back(secondary);
  }

  void Note(const Function& function, const std::string& what) {
    result_.notes.push_back(
        absl::StrCat("PCI function ", function.address.ToString(), " ", what));
  }

  ConfigSpace& config_;
  const BusRange range_;
  Enumeration& result_;
  std::bitset<kBuses> visited_;
  bool full_ = false;
};

bool Overlap(const BusRange& a, const BusRange& b) {
  return a.segment == b.segment && a.first <= b.last && b.first <= a.last;
}

}  // namespace

Enumeration Enumerate(ConfigSpace& config, std::span<const BusRange> ranges,
                      Roots roots) {
  Enumeration result;
  std::vector<BusRange> walked;
  for (const BusRange& range : ranges) {
    bool overlaps = std::any_of(
        walked.begin(), walked.end(),
        [&](const BusRange& other) { return Overlap(range, other); });
    if (range.first > range.last || overlaps) {
      result.notes.push_back(absl::StrCat("PCI buses ", range.first, " to ",
                                          range.last, " of segment ",
                                          range.segment, " are left out"));
      continue;
    }
    walked.push_back(range);
    Walk(config, range, result).Run(roots);
  }
  std::sort(result.functions.begin(), result.functions.end(),
            [](const Function& a, const Function& b) {
              return a.address < b.address;
            });
  return result;
}

}  // namespace ebbrt::platform::pci
