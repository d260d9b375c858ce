// The Ebbs of a node: their ids and their roots.
//
// A root is what an Ebb has once a node; it makes the representatives. The
// directory finds it when a core has missed, so it is off every call's path.
// It is itself an Ebb, shared by all cores of the node.
//
// Cores: any core of the node, except where a method says otherwise.
// Ownership: the directory owns the roots, a root its representatives.
// Blocks: no; its lock is held for a table operation. Allocates: yes.
// Bound: ids (core/ebb/ebb_id.h).
// Errors: a used id or an unknown one is a failed check; running out of ids
// is a status.
// Source: paper sections 3.2 and 4.3.
#ifndef EBBRT_CORE_EBB_DIRECTORY_H_
#define EBBRT_CORE_EBB_DIRECTORY_H_

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/check.h"
#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "core/ebb/ebb_id.h"

namespace ebbrt {

class EbbRoot {
 public:
  virtual ~EbbRoot() = default;

  // The representative for the calling core, made now if there is none. The
  // caller installs it.
  virtual void* Representative() = 0;

  // Destroys the calling core's representative, if it has one of its own.
  virtual void DropRepresentative() {}
};

class EbbDirectory {
 public:
  // `node` is the number of this node among those of the application; it
  // stands in its global ids. REQUIRES: node < EbbId::kNodesMax.
  explicit EbbDirectory(uint32_t node = 0);
  ~EbbDirectory();
  EbbDirectory(const EbbDirectory&) = delete;
  EbbDirectory& operator=(const EbbDirectory&) = delete;

  // Gives an id that names nothing at present. Ids come back into use oldest
  // first, so that a stale reference fails a check rather than reach an Ebb
  // of another type for as long as possible.
  absl::StatusOr<EbbId> AllocateLocalId() { return Allocate(local_); }
  absl::StatusOr<EbbId> AllocateGlobalId() { return Allocate(global_); }

  // Gives an allocated id back. REQUIRES: it has no root.
  void FreeId(EbbId id);

  // Makes `id` name an Ebb. REQUIRES: it names none.
  void Add(EbbId id, std::unique_ptr<EbbRoot> root);

  // The root that `id` has; `root`, if it had none until now. For types that
  // handle their own faults, which may occur on several cores at once.
  EbbRoot* FindOrAdd(EbbId id, std::unique_ptr<EbbRoot> root);

  // The root; null if `id` names nothing here. Stays valid until Remove.
  EbbRoot* Find(EbbId id);

  // Takes the root out. REQUIRES: no core has the Ebb installed.
  std::unique_ptr<EbbRoot> Remove(EbbId id);

  // The fault handler of the types that have none of their own: makes the
  // calling core's representative, installs and returns it.
  static void* HandleFault(EbbId id);

  // The node ends: destroys the calling core's representatives; then, once all
  // cores have done so, the roots.
  void DropRepresentatives();
  void Clear();

  // How many Ebbs have a root, and how many ids are given out.
  size_t root_count();
  size_t id_count();

 private:
  struct IdRange {
    uint32_t next;
    uint32_t end;
    std::deque<uint32_t> freed;
  };

  absl::StatusOr<EbbId> Allocate(IdRange& range);

  SpinLock lock_;  // Guards all below.
  // In order, so that they also end in an order that nothing but the program
  // decides.
  std::map<EbbId, std::unique_ptr<EbbRoot>> roots_;
  IdRange local_;
  IdRange global_;
  size_t id_count_ = 0;
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_EBB_DIRECTORY_H_
