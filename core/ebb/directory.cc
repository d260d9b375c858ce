#include "core/ebb/directory.h"

#include <mutex>

#include "core/ebb/ebb_ref.h"
#include "platform/current.h"

namespace ebbrt {

EbbDirectory::EbbDirectory(uint32_t node)
    : local_{EbbId::kFirstLocal, EbbId::kFirstGlobal, {}},
      global_{EbbId::kFirstGlobal + node * EbbId::kGlobalIdsPerNode, 0, {}} {
  EBBRT_CHECK(node < EbbId::kNodesMax);
  // The last node's range ends at 2^32, which wraps to zero: Allocate compares
  // for equality.
  global_.end = global_.next + EbbId::kGlobalIdsPerNode;
}

EbbDirectory::~EbbDirectory() = default;

absl::StatusOr<EbbId> EbbDirectory::Allocate(IdRange& range) {
  std::scoped_lock guard(lock_);
  if (range.next != range.end) {
    ++id_count_;
    return EbbId(range.next++);
  }
  if (range.freed.empty()) {
    return absl::ResourceExhaustedError("all Ebb ids are in use");
  }
  uint32_t id = range.freed.front();
  range.freed.pop_front();
  ++id_count_;
  return EbbId(id);
}

void EbbDirectory::FreeId(EbbId id) {
  std::scoped_lock guard(lock_);
  EBBRT_CHECK(!id.is_static() && id != EbbId() && !roots_.contains(id));
  (id.is_global() ? global_ : local_).freed.push_back(id.value());
  --id_count_;
}

void EbbDirectory::Add(EbbId id, std::unique_ptr<EbbRoot> root) {
  std::scoped_lock guard(lock_);
  bool added = roots_.emplace(id, std::move(root)).second;
  EBBRT_CHECK(added);
}

EbbRoot* EbbDirectory::FindOrAdd(EbbId id, std::unique_ptr<EbbRoot> root) {
  std::scoped_lock guard(lock_);
  return roots_.try_emplace(id, std::move(root)).first->second.get();
}

EbbRoot* EbbDirectory::Find(EbbId id) {
  std::scoped_lock guard(lock_);
  auto found = roots_.find(id);
  return found == roots_.end() ? nullptr : found->second.get();
}

std::unique_ptr<EbbRoot> EbbDirectory::Remove(EbbId id) {
  std::scoped_lock guard(lock_);
  auto found = roots_.find(id);
  EBBRT_CHECK(found != roots_.end());
  std::unique_ptr<EbbRoot> root = std::move(found->second);
  roots_.erase(found);
  return root;
}

void* EbbDirectory::HandleFault(EbbId id) {
  // The directory stands in every core's table before anything runs there, so
  // a fault on its own id means that the caller is not on a core.
  EBBRT_CHECK(id != kEbbDirectoryId);
  EbbRoot* root = EbbRef<EbbDirectory>(kEbbDirectoryId)->Find(id);
  EBBRT_CHECK(root != nullptr);
  void* representative = root->Representative();
  bool installed = Platform::SetRepresentative(id.value(), representative);
  EBBRT_CHECK(installed);
  return representative;
}

void EbbDirectory::DropRepresentatives() {
  // Without the lock: the loops have ended and the cores come here one after
  // the other, while a representative's destructor may look others up.
  std::vector<EbbRoot*> roots;
  for (auto& [id, root] : roots_) roots.push_back(root.get());
  for (EbbRoot* root : roots) root->DropRepresentative();
}

void EbbDirectory::Clear() { roots_.clear(); }

size_t EbbDirectory::root_count() {
  std::scoped_lock guard(lock_);
  return roots_.size();
}

size_t EbbDirectory::id_count() {
  std::scoped_lock guard(lock_);
  return id_count_;
}

}  // namespace ebbrt
