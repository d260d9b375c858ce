#include "platform/sim/cost_table.h"

namespace ebbrt::platform {

bool CostTable::Add(uint32_t tag, const EventCost& cost) {
  if (count_ == kTagsMax || Find(tag) != nullptr) return false;
  size_t place = tag % kPlaces;
  while (places_[place].used) place = (place + 1) % kPlaces;
  places_[place] = {tag, true, cost};
  ++count_;
  return true;
}

}  // namespace ebbrt::platform
