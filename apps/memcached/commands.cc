#include "apps/memcached/commands.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "apps/memcached/decimal.h"

namespace ebbrt::memcached {
namespace {

// Old and new value together, under the old one's flags and expiry.
ItemRef Join(Store::Locked& locked, const Key& key, const Item& addition,
             StoreMode mode) {
  const Item& old = *locked.item();
  ItemRef joined =
      locked.NewItem(key, old.value_bytes() + addition.value_bytes(),
                     old.flags(), old.expiry());
  if (!joined) return joined;
  const Item& first = mode == StoreMode::kAppend ? old : addition;
  const Item& second = mode == StoreMode::kAppend ? addition : old;
  std::memcpy(joined->mutable_value(), first.value().data(),
              first.value_bytes());
  std::memcpy(joined->mutable_value() + first.value_bytes(),
              second.value().data(), second.value_bytes());
  return joined;
}

Outcome StoreOverNothing(RequestContext& context, Store::Locked& locked,
                         ItemRef item, const StoreCommand& command) {
  switch (command.mode) {
    case StoreMode::kSet:
    case StoreMode::kAdd:
      locked.Link(std::move(item));
      return Outcome::kDone;
    case StoreMode::kCas:
      context.statistics.Add(Counter::kCasMisses);
      return Outcome::kNotFound;
    default:
      return Outcome::kNotStored;
  }
}

Outcome StoreOverOther(RequestContext& context, Store::Locked& locked,
                       ItemRef item, const StoreCommand& command) {
  Item& old = *locked.item();
  bool matches = command.cas == old.cas();
  switch (command.mode) {
    case StoreMode::kAdd:
      old.Bump(context.now());
      return Outcome::kNotStored;
    case StoreMode::kCas:
      if (!matches && command.invalidate && command.cas < old.cas()) {
        // The value is taken, but whoever reads it is told that it is stale.
        item->set_expiry(old.expiry());
        item->Set(Item::kStale);
        if (old.Has(Item::kTokenSent)) item->Set(Item::kTokenSent);
      } else if (!matches) {
        context.statistics.Add(Counter::kCasMismatches);
        return Outcome::kExists;
      }
      context.statistics.Add(Counter::kCasHits);
      break;
    case StoreMode::kAppend:
    case StoreMode::kPrepend:
      if (command.cas != 0 && !matches) return Outcome::kExists;
      if (Item::BytesFor(item->key().size(),
                         old.value_bytes() + item->value_bytes()) >
          context.server.settings.item_bytes_max) {
        return Outcome::kNotStored;
      }
      item = Join(locked, Key(item->key(), item->hash()), *item, command.mode);
      if (!item) return Outcome::kNotStored;
      break;
    case StoreMode::kSet:
    case StoreMode::kReplace:
      break;
  }
  locked.Link(std::move(item));
  return Outcome::kDone;
}

}  // namespace

Item* Touch(RequestContext& context, const Key& key, uint32_t expiry) {
  Item* item = context.store().Find(key, context.now());
  if (item == nullptr) {
    context.statistics.Add(Counter::kTouchMisses);
    return nullptr;
  }
  item->Touch(context.now());
  item->set_expiry(expiry);
  context.statistics.Add(Counter::kTouchHits);
  return item;
}

Outcome PrepareItem(RequestContext& context, const Key& key,
                    size_t value_bytes, uint32_t flags, uint32_t expiry,
                    bool drop_old, ItemRef* item) {
  Outcome outcome = Outcome::kTooLarge;
  if (Item::BytesFor(key.text.size(), value_bytes) <=
      context.server.settings.item_bytes_max) {
    *item = context.store().NewItem(key, value_bytes, flags, expiry,
                                    context.now());
    if (*item) return Outcome::kDone;
    outcome = Outcome::kNoMemory;
  }
  context.statistics.Add(outcome == Outcome::kTooLarge ? Counter::kTooLarge
                                                       : Counter::kNoMemory);
  if (drop_old) {
    Store::Locked locked(context.store(), key, context.now());
    if (locked.item() != nullptr) locked.Unlink();
  }
  return outcome;
}

Outcome StoreItem(RequestContext& context, ItemRef item,
                  const StoreCommand& command, uint64_t* cas) {
  context.statistics.Add(Counter::kSets);
  Store::Locked locked(context.store(), Key(item->key(), item->hash()),
                       context.now());
  Outcome outcome =
      locked.item() == nullptr
          ? StoreOverNothing(context, locked, std::move(item), command)
          : StoreOverOther(context, locked, std::move(item), command);
  if (outcome == Outcome::kDone) *cas = locked.item()->cas();
  return outcome;
}

Outcome Delete(RequestContext& context, const Key& key, uint64_t cas) {
  Store::Locked locked(context.store(), key, context.now());
  if (locked.item() == nullptr) {
    context.statistics.Add(Counter::kDeleteMisses);
    return Outcome::kNotFound;
  }
  if (cas != 0 && cas != locked.item()->cas()) return Outcome::kExists;
  locked.Unlink();
  context.statistics.Add(Counter::kDeleteHits);
  return Outcome::kDone;
}

namespace {

// Makes the item that arithmetic found missing.
ArithmeticResult CreateNumber(RequestContext& context, Store::Locked& locked,
                              const Key& key,
                              const ArithmeticCommand& command) {
  char digits[kDecimalBytesMax];
  size_t length = FormatDecimal(command.initial, digits) - digits;
  ItemRef item = locked.NewItem(key, length, 0, command.initial_expiry);
  if (!item) return {.outcome = Outcome::kNoMemory};
  std::memcpy(item->mutable_value(), digits, length);
  context.statistics.Add(Counter::kSets);
  locked.Link(std::move(item));
  return {.value = command.initial, .item = locked.item()};
}

// Puts a new number in the old one's place. The value that readers may be
// sending from is not written to; a shorter number is padded, as clients of
// the original server expect.
Item* ReplaceNumber(Store::Locked& locked, const Key& key, uint64_t number) {
  char digits[kDecimalBytesMax];
  size_t length = FormatDecimal(number, digits) - digits;
  const Item& old = *locked.item();
  size_t padded = std::max(length, old.value_bytes());
  ItemRef item = locked.NewItem(key, padded, old.flags(), old.expiry());
  if (!item) return nullptr;
  std::memcpy(item->mutable_value(), digits, length);
  std::memset(item->mutable_value() + length, ' ', padded - length);
  if (padded == old.value_bytes()) {
    locked.LinkChanged(std::move(item));
  } else {
    locked.Link(std::move(item));
  }
  return locked.item();
}

bool ParseNumber(const Item& item, uint64_t* number) {
  std::string_view text = item.value();
  // Padding of an earlier, longer number.
  size_t end = text.find(' ');
  return ParseDecimal(text.substr(0, end), number);
}

}  // namespace

ArithmeticResult Arithmetic(RequestContext& context, const Key& key,
                            const ArithmeticCommand& command) {
  Store::Locked locked(context.store(), key, context.now());
  Item* item = locked.item();
  if (item == nullptr) {
    if (command.create) return CreateNumber(context, locked, key, command);
    context.statistics.Add(command.increment ? Counter::kIncrementMisses
                                             : Counter::kDecrementMisses);
    return {.outcome = Outcome::kNotFound};
  }
  // In the order in which the original server looks.
  if (item->value_bytes() == 0) return {.outcome = Outcome::kNotANumber};
  if (command.cas != 0 && command.cas != item->cas()) {
    return {.outcome = Outcome::kExists};
  }
  uint64_t value;
  if (!ParseNumber(*item, &value)) return {.outcome = Outcome::kNotANumber};
  context.statistics.Add(command.increment ? Counter::kIncrementHits
                                           : Counter::kDecrementHits);
  if (command.increment) {
    value += command.delta;  // Wraps, as the protocol has it.
  } else {
    value -= std::min(value, command.delta);
  }
  item = ReplaceNumber(locked, key, value);
  if (item == nullptr) return {.outcome = Outcome::kNoMemory};
  return {.value = value, .item = item};
}

void FlushAll(RequestContext& context, int64_t time) {
  context.statistics.Add(Counter::kFlushes);
  if (time <= 0) {
    context.store().FlushNow();
    return;
  }
  uint32_t second = context.clock.Expiry(time);
  if (second <= context.now()) {
    context.store().FlushNow();
  } else {
    context.store().FlushAt(second);
  }
}

}  // namespace ebbrt::memcached
