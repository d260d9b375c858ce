#include "platform/baremetal/pci/message.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"

namespace ebbrt::platform::pci {

absl::StatusOr<Message> MessageFor(uint32_t apic_id, uint8_t vector) {
  EBBRT_CHECK(vector >= kMessageVectorMin);
  if (apic_id > kMessageApicIdMax) {
    return absl::UnimplementedError(absl::StrCat(
        "no message reaches APIC ", apic_id, " without interrupt remapping"));
  }
  // Physical destination, no redirection; delivery mode fixed, which is zero,
  // as is an edge.
  return Message{uint64_t{0xfee00000} | uint64_t{apic_id} << 12, vector};
}

}  // namespace ebbrt::platform::pci
