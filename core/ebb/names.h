// Names of Ebbs: how parts of an application that do not know each other find
// the Ebbs that they share.
//
//   EBBRT_CHECK(ebb_names->Add("cache", cache.id()).ok());
//   ...
//   absl::StatusOr<EbbId> id = co_await ebb_names->WaitFor("cache");
//   EbbRef<Cache> cache(*id);
//
// It is an Ebb shared by the cores of its node, and there from its first use.
//
// Cores: any core; a future is the caller's. Ownership: a name keeps no Ebb
// alive; whoever destroys the Ebb removes its name first. Blocks: no; its lock
// is held for a table operation. Allocates: yes.
// Bound: kNamesMax names, kWaitersMax who wait for names.
// Errors: kAlreadyExists, kNotFound; kResourceExhausted beyond the bounds.
// Source: paper section 3.2.
#ifndef EBBRT_CORE_EBB_NAMES_H_
#define EBBRT_CORE_EBB_NAMES_H_

#include <cstddef>
#include <list>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/async/future.h"
#include "core/base/spin_lock.h"
#include "core/ebb/ebb_id.h"
#include "core/ebb/ebb_ref.h"

namespace ebbrt {

class EbbNames {
 public:
  static constexpr size_t kNamesMax = 65536;
  static constexpr size_t kWaitersMax = 65536;

  static EbbNames& HandleFault(EbbId id);

  // Gives an Ebb a name, and the id to those who wait for it.
  absl::Status Add(std::string_view name, EbbId id);
  absl::Status Remove(std::string_view name);
  absl::StatusOr<EbbId> Find(std::string_view name);
  // Is there once the name is; at once, if it is.
  Future<EbbId> WaitFor(std::string_view name);

 private:
  using Waiters = std::list<Promise<EbbId>>;

  SpinLock lock_;  // Guards all below.
  absl::flat_hash_map<std::string, EbbId> ids_;
  absl::flat_hash_map<std::string, Waiters> waiters_;
  size_t waiter_count_ = 0;
};

inline constexpr EbbRef<EbbNames> ebb_names{kEbbNamesId};

}  // namespace ebbrt

#endif  // EBBRT_CORE_EBB_NAMES_H_
