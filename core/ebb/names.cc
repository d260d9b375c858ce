#include "core/ebb/names.h"

#include <memory>
#include <mutex>
#include <utility>

#include "core/base/check.h"
#include "core/ebb/ebb.h"
#include "platform/current.h"

namespace ebbrt {

EbbNames& EbbNames::HandleFault(EbbId id) {
  EbbRoot* root = ebb_directory->FindOrAdd(
      id, std::make_unique<internal::SharedRoot<EbbNames>>(
              std::make_unique<EbbNames>()));
  void* names = root->Representative();
  bool installed = Platform::SetRepresentative(id.value(), names);
  EBBRT_CHECK(installed);
  return *static_cast<EbbNames*>(names);
}

absl::Status EbbNames::Add(std::string_view name, EbbId id) {
  Waiters waiters;
  {
    std::scoped_lock guard(lock_);
    if (ids_.size() == kNamesMax && !ids_.contains(name)) {
      return absl::ResourceExhaustedError("there are too many names of Ebbs");
    }
    if (!ids_.try_emplace(std::string(name), id).second) {
      return absl::AlreadyExistsError("there is an Ebb named " +
                                      std::string(name));
    }
    if (auto found = waiters_.find(name); found != waiters_.end()) {
      waiters = std::move(found->second);
      waiters_.erase(found);
      waiter_count_ -= waiters.size();
    }
  }
  // Without the lock: those who waited go on within this.
  for (Promise<EbbId>& waiter : waiters) waiter.SetValue(id);
  return absl::OkStatus();
}

absl::Status EbbNames::Remove(std::string_view name) {
  std::scoped_lock guard(lock_);
  if (ids_.erase(name) != 0) return absl::OkStatus();
  return absl::NotFoundError("there is no Ebb named " + std::string(name));
}

absl::StatusOr<EbbId> EbbNames::Find(std::string_view name) {
  std::scoped_lock guard(lock_);
  auto found = ids_.find(name);
  if (found != ids_.end()) return found->second;
  return absl::NotFoundError("there is no Ebb named " + std::string(name));
}

Future<EbbId> EbbNames::WaitFor(std::string_view name) {
  // What is allocated is so outside of the lock.
  Waiters waiter;
  waiter.emplace_back();
  Future<EbbId> future = waiter.back().GetFuture();
  absl::StatusOr<EbbId> outcome =
      absl::ResourceExhaustedError("too many wait for names of Ebbs");
  {
    std::scoped_lock guard(lock_);
    if (auto found = ids_.find(name); found != ids_.end()) {
      outcome = found->second;
    } else if (waiter_count_ < kWaitersMax) {
      Waiters& others = waiters_[std::string(name)];
      others.splice(others.end(), waiter);
      ++waiter_count_;
      return future;
    }
  }
  waiter.back().SetOutcome(std::move(outcome));
  return future;
}

}  // namespace ebbrt
