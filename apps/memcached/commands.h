// The commands, whatever protocol they come in: what each does to the store,
// and what it counts.
//
// Cores: any, in an event. Ownership: an Item* that is returned is valid until
// the event ends. Blocks: spins for a stripe's lock, except Get and Touch.
// Allocates: items. Errors: an Outcome.
// Source: memcached's protocol.txt.
#ifndef EBBRT_APPS_MEMCACHED_COMMANDS_H_
#define EBBRT_APPS_MEMCACHED_COMMANDS_H_

#include <cstddef>
#include <cstdint>

#include "apps/memcached/item.h"
#include "apps/memcached/server_state.h"

namespace ebbrt::memcached {

enum class Outcome : uint8_t {
  kDone,
  kNotStored,   // A condition of the command was not met.
  kExists,      // The item's cas is another one.
  kNotFound,
  kNotANumber,
  kTooLarge,
  kNoMemory,
};

enum class StoreMode : uint8_t {
  kSet,
  kAdd,
  kReplace,
  kAppend,
  kPrepend,
  kCas,  // Only over an item with the cas given.
};

struct StoreCommand {
  StoreMode mode = StoreMode::kSet;
  uint64_t cas = 0;  // To be compared; 0: none.
  // With kCas and a cas older than the item's: store, but mark as stale.
  bool invalidate = false;
};

// Looks up and counts a read. Null: not there.
inline Item* Get(RequestContext& context, const Key& key) {
  Item* item = context.store().Find(key, context.now());
  if (item == nullptr) {
    context.statistics.Add(Counter::kGetMisses);
    return nullptr;
  }
  item->Touch(context.now());
  context.statistics.Add(Counter::kGetHits);
  return item;
}

// The same, and sets when the item expires.
Item* Touch(RequestContext& context, const Key& key, uint32_t expiry);

// Makes the item that a storing command will fill, or says why not; then what
// the key has is gone too, if `drop_old`, lest a failed set leave the old
// value.
Outcome PrepareItem(RequestContext& context, const Key& key,
                    size_t value_bytes, uint32_t flags, uint32_t expiry,
                    bool drop_old, ItemRef* item);

// Stores a filled item. With kDone, `cas` is that of what is now stored.
Outcome StoreItem(RequestContext& context, ItemRef item,
                  const StoreCommand& command, uint64_t* cas);

Outcome Delete(RequestContext& context, const Key& key, uint64_t cas);

struct ArithmeticCommand {
  bool increment = true;
  uint64_t delta = 1;
  uint64_t cas = 0;  // To be compared; 0: none.
  // Whether a missing item is made, of `initial` and `initial_expiry`.
  bool create = false;
  uint64_t initial = 0;
  uint32_t initial_expiry = Clock::kNever;
};
struct ArithmeticResult {
  Outcome outcome = Outcome::kDone;
  uint64_t value = 0;
  Item* item = nullptr;  // With kDone.
};
ArithmeticResult Arithmetic(RequestContext& context, const Key& key,
                            const ArithmeticCommand& command);

// Invalidates everything, at a point of the client's time: 0 or less is now.
void FlushAll(RequestContext& context, int64_t time);

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_COMMANDS_H_
