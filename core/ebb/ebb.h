// Making Ebbs out of plain classes.
//
//   EbbRef<Cache> cache = CreatePerCoreEbb<Cache>(
//       [settings] { return std::make_unique<Cache>(settings); });
//   EbbRef<Log> log = CreateSharedEbb<Log>(std::make_unique<Log>());
//
// An Ebb's interface is its class, with nothing added: a per-core Ebb has one
// object a core, made where and when that core first calls it; a shared one
// has a single object, which sees to its own synchronisation.
//
// Cores: create from any core; the reference may then go to any core.
// Ownership: the node owns the representatives; they are destroyed by
// DestroyEbb (core/ebb/lifetime.h) or with the node.
// Blocks: no. Allocates: yes. Errors: as the EbbDirectory.
// Source: paper section 3.2.
#ifndef EBBRT_CORE_EBB_EBB_H_
#define EBBRT_CORE_EBB_EBB_H_

#include <memory>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/ebb/directory.h"
#include "core/ebb/ebb_id.h"
#include "core/ebb/ebb_ref.h"
#include "platform/current.h"

namespace ebbrt {

inline constexpr EbbRef<EbbDirectory> ebb_directory{kEbbDirectoryId};

namespace internal {

template <typename T, typename Make>
class PerCoreRoot final : public EbbRoot {
 public:
  explicit PerCoreRoot(Make make)
      : make_(std::move(make)), representatives_(Platform::CoreCount()) {}

  // Each core touches its own entry only, so no lock is needed.
  void* Representative() override {
    std::unique_ptr<T>& mine = Mine();
    if (mine == nullptr) mine = make_();
    EBBRT_CHECK(mine != nullptr);
    return mine.get();
  }
  void DropRepresentative() override { Mine().reset(); }

 private:
  std::unique_ptr<T>& Mine() {
    return representatives_[Platform::CurrentCore().index()];
  }

  const Make make_;  // Const: several cores may be inside it at once.
  std::vector<std::unique_ptr<T>> representatives_;
};

template <typename T>
class SharedRoot final : public EbbRoot {
 public:
  explicit SharedRoot(std::unique_ptr<T> object) : object_(std::move(object)) {}
  void* Representative() override { return object_.get(); }

 private:
  std::unique_ptr<T> object_;
};

inline EbbId NewLocalId() {
  absl::StatusOr<EbbId> id = ebb_directory->AllocateLocalId();
  EBBRT_CHECK(id.ok());
  return *id;
}

}  // namespace internal

// `make` returns std::unique_ptr<T> (or one of a type derived from T); what it
// captures is shared by the representatives, and it may be called on several
// cores at once.
template <typename T, typename Make>
EbbRef<T> CreatePerCoreEbb(EbbId id, Make make) {
  ebb_directory->Add(
      id, std::make_unique<internal::PerCoreRoot<T, Make>>(std::move(make)));
  return EbbRef<T>(id);
}
template <typename T, typename Make>
EbbRef<T> CreatePerCoreEbb(Make make) {
  return CreatePerCoreEbb<T>(internal::NewLocalId(), std::move(make));
}

template <typename T>
EbbRef<T> CreateSharedEbb(EbbId id, std::unique_ptr<T> object) {
  ebb_directory->Add(
      id, std::make_unique<internal::SharedRoot<T>>(std::move(object)));
  return EbbRef<T>(id);
}
template <typename T>
EbbRef<T> CreateSharedEbb(std::unique_ptr<T> object) {
  return CreateSharedEbb<T>(internal::NewLocalId(), std::move(object));
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_EBB_EBB_H_
