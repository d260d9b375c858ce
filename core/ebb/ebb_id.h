// The name of an Ebb: 32 bits, valid on every core and node of an application.
//
// The space is cut in three, so that an id says who gave it:
//
//   [1, kFirstLocalId)          static: named below, known when compiling
//   [kFirstLocalId, 2^31)       local: given by this node, means nothing
//                               elsewhere
//   [2^31, 2^32)                global: 15 bits of the node that gave it,
//                               16 bits of its own
//
// Zero names nothing. Cores: any. Blocks, allocates: never. Errors: none.
// Source: paper section 3.2.
#ifndef EBBRT_CORE_EBB_EBB_ID_H_
#define EBBRT_CORE_EBB_EBB_ID_H_

#include <compare>
#include <cstdint>

namespace ebbrt {

class EbbId {
 public:
  static constexpr uint32_t kFirstLocal = 256;
  static constexpr uint32_t kFirstGlobal = uint32_t{1} << 31;
  static constexpr uint32_t kGlobalIdsPerNode = uint32_t{1} << 16;
  static constexpr uint32_t kNodesMax = kFirstGlobal / kGlobalIdsPerNode;

  constexpr EbbId() = default;
  constexpr explicit EbbId(uint32_t value) : value_(value) {}

  constexpr uint32_t value() const { return value_; }
  constexpr bool is_static() const {
    return value_ != 0 && value_ < kFirstLocal;
  }
  constexpr bool is_global() const { return value_ >= kFirstGlobal; }

  friend constexpr auto operator<=>(EbbId, EbbId) = default;

 private:
  uint32_t value_ = 0;
};

// The static ids. An application takes its own from kFirstApplication up.
inline constexpr EbbId kEbbDirectoryId{1};
inline constexpr EbbId kEventLoopId{2};
inline constexpr EbbId kNetworkId{3};
inline constexpr EbbId kMessengerId{4};
inline constexpr EbbId kCoreCountersId{5};
inline constexpr EbbId kEbbNamesId{6};
// 15 is the core's heap (core/mem/allocator.h), which is below Ebbs.
inline constexpr uint32_t kFirstApplicationEbb = 128;

}  // namespace ebbrt

#endif  // EBBRT_CORE_EBB_EBB_ID_H_
