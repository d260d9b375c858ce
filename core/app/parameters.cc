#include "core/app/parameters.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

namespace ebbrt {
namespace {

using nlohmann::json;

// A value as messages show it: on one line, and short.
std::string Shown(const json& value) {
  constexpr size_t kShownBytesMax = 64;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true,
                                json::error_handler_t::replace);
  if (text.size() > kShownBytesMax) {
    text.resize(kShownBytesMax);
    text += "...";
  }
  return text;
}

std::string Plain(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.15g", number);
  return text;
}
std::string Plain(int64_t number) { return std::to_string(number); }

// "an integer from 1 to 65535", "a number of at least 0 seconds".
template <typename Range>
std::string Expected(std::string_view kind, const Range& range) {
  using Value = decltype(range.min);
  constexpr std::numeric_limits<Value> kLimits;
  std::string text(kind);
  if (range.max == kLimits.max()) {
    if (range.min != kLimits.lowest()) {
      text += " of at least " + Plain(range.min);
    }
  } else {
    text += " from " + Plain(range.min) + " to " + Plain(range.max);
  }
  if (!range.unit.empty()) text += " " + std::string(range.unit);
  return text;
}

// The integer that `value` is, if it is one that int64_t holds.
std::optional<int64_t> AsInteger(const json& value) {
  // Doubles hold every integer up to here.
  constexpr double kExactMax = int64_t{1} << 53;
  if (value.is_number_unsigned()) {
    uint64_t number = value.get<uint64_t>();
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return std::nullopt;
    }
    return static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  double number = value.get<double>();
  if (std::abs(number) > kExactMax || number != std::floor(number)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(number);
}

bool InRange(const json& value, const ParameterReader::NumberRange& range) {
  if (!value.is_number()) return false;
  double number = value.get<double>();
  return number >= range.min && number <= range.max;
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ", ";
    text += '"' + word + '"';
  }
  return text;
}

// How many insertions, deletions, replacements and swaps of neighbours lead
// from one text to the other (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1,
                                     std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string_view NearestOf(std::string_view text,
                           const std::vector<std::string>& candidates) {
  constexpr size_t kComparedBytesMax = 64;
  text = text.substr(0, kComparedBytesMax);
  std::string_view nearest;
  // More than half of the letters wrong is no misspelling.
  size_t least = std::max<size_t>(text.size() / 2, 1) + 1;
  for (const std::string& candidate : candidates) {
    size_t distance = EditDistance(text, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

ParameterReader::ParameterReader(const json& object, std::string path)
    : ParameterReader(std::make_shared<State>(), object, std::move(path)) {}

ParameterReader::ParameterReader(std::shared_ptr<State> state,
                                 const json& object, std::string path)
    : state_(std::move(state)) {
  if (!object.is_object()) {
    AddError(*state_,
             path + ": found " + Shown(object) + ", expected an object");
  }
  state_->places.push_back(std::make_unique<Place>(
      Place{
          object.is_object() ? &object : &state_->empty, std::move(path), {}}));
  place_ = state_->places.back().get();
}

bool ParameterReader::Has(std::string_view key) { return Find(key) != nullptr; }

int64_t ParameterReader::Integer(std::string_view key, int64_t otherwise,
                                 IntegerRange range) {
  const json* value = Find(key);
  if (value == nullptr) return otherwise;
  std::optional<int64_t> number = AsInteger(*value);
  if (number.has_value() && *number >= range.min && *number <= range.max) {
    return *number;
  }
  Reject(key, Expected("an integer", range));
  return otherwise;
}

double ParameterReader::Number(std::string_view key, double otherwise,
                               NumberRange range) {
  const json* value = Find(key);
  if (value == nullptr) return otherwise;
  if (InRange(*value, range)) return value->get<double>();
  Reject(key, Expected("a number", range));
  return otherwise;
}

bool ParameterReader::Boolean(std::string_view key, bool otherwise) {
  const json* value = Find(key);
  if (value == nullptr) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  Reject(key, "true or false");
  return otherwise;
}

std::string ParameterReader::Text(std::string_view key, std::string otherwise) {
  const json* value = Find(key);
  if (value == nullptr) return otherwise;
  if (value->is_string()) return value->get<std::string>();
  Reject(key, "a string");
  return otherwise;
}

std::string ParameterReader::Choice(
    std::string_view key, std::string otherwise,
    std::initializer_list<std::string_view> choices) {
  const json* value = Find(key);
  if (value == nullptr) return otherwise;
  std::vector<std::string> words(choices.begin(), choices.end());
  std::string_view nearest;
  if (value->is_string()) {
    std::string word = value->get<std::string>();
    if (std::find(words.begin(), words.end(), word) != words.end()) return word;
    nearest = NearestOf(word, words);
  }
  std::string expected = "one of " + Join(words);
  if (!nearest.empty()) {
    expected += " (the nearest is \"" + std::string(nearest) + "\")";
  }
  Reject(key, expected);
  return otherwise;
}

std::vector<double> ParameterReader::Numbers(std::string_view key,
                                             std::vector<double> otherwise,
                                             NumberRange range) {
  const json* value = Find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_array()) {
    Reject(key, "a list of numbers");
    return otherwise;
  }
  std::vector<double> numbers;
  for (size_t i = 0; i < value->size(); ++i) {
    const json& element = (*value)[i];
    if (InRange(element, range)) {
      numbers.push_back(element.get<double>());
      continue;
    }
    AddError(*state_, PathOf(key) + "[" + std::to_string(i) + "]: found " +
                          Shown(element) + ", expected " +
                          Expected("a number", range));
    return otherwise;
  }
  return numbers;
}

ParameterReader ParameterReader::Object(std::string_view key) {
  const json* value = Find(key);
  return ParameterReader(state_, value == nullptr ? state_->empty : *value,
                         PathOf(key));
}

std::vector<ParameterReader> ParameterReader::Objects(std::string_view key) {
  std::vector<ParameterReader> readers;
  const json* value = Find(key);
  if (value == nullptr) return readers;
  if (!value->is_array()) {
    Reject(key, "a list of objects");
    return readers;
  }
  for (size_t i = 0; i < value->size(); ++i) {
    readers.push_back(ParameterReader(
        state_, (*value)[i], PathOf(key) + "[" + std::to_string(i) + "]"));
  }
  return readers;
}

void ParameterReader::Reject(std::string_view key, std::string_view expected) {
  const json* value = Find(key);
  AddError(*state_, PathOf(key) + ": found " +
                        (value == nullptr ? "nothing" : Shown(*value)) +
                        ", expected " + std::string(expected));
}

absl::Status ParameterReader::Finish() {
  for (const auto& place : state_->places) FindUnknownKeys(*state_, *place);
  if (state_->error_count == 0) return absl::OkStatus();
  std::string message;
  for (const std::string& error : state_->errors) {
    if (!message.empty()) message += "; ";
    message += error;
  }
  size_t untold = state_->error_count - state_->errors.size();
  if (untold > 0) message += "; and " + std::to_string(untold) + " more";
  return absl::InvalidArgumentError(message);
}

const json* ParameterReader::Find(std::string_view key) {
  std::vector<std::string>& keys = place_->keys;
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
    keys.emplace_back(key);
  }
  auto found = place_->object->find(std::string(key));
  return found == place_->object->end() ? nullptr : &*found;
}

std::string ParameterReader::PathOf(std::string_view key) const {
  return place_->path + "." + std::string(key);
}

void ParameterReader::AddError(State& state, std::string error) {
  ++state.error_count;
  if (state.errors.size() < kErrorsMax) {
    state.errors.push_back(std::move(error));
  }
}

void ParameterReader::FindUnknownKeys(State& state, const Place& place) {
  for (const auto& [key, value] : place.object->items()) {
    if (std::find(place.keys.begin(), place.keys.end(), key) !=
        place.keys.end()) {
      continue;
    }
    // Shown as JSON does, since the key too may hold anything.
    std::string error = place.path + ": found the unknown key " +
                        Shown(json(key)) + ", expected ";
    error += place.keys.empty() ? "none" : "one of " + Join(place.keys);
    std::string_view nearest = NearestOf(key, place.keys);
    if (!nearest.empty()) {
      error += " (the nearest is \"" + std::string(nearest) + "\")";
    }
    AddError(state, std::move(error));
  }
}

}  // namespace ebbrt
