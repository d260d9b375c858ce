// Reading an application's parameters: typed, checked, nothing ignored.
//
//   ParameterReader reader(application.parameters());
//   options.port = reader.Integer("port", 11211, {.min = 0, .max = 65535});
//   options.limit = reader.Integer("memory", 64 << 20, {.min = 1 << 20,
//                                                       .unit = "bytes"});
//   absl::Status status = reader.Finish();
//
// A read that finds nothing gives the default, and so does one that finds
// something wrong, which is then an error of Finish; so a program reads all of
// its parameters first and looks for errors once. What was never read is an
// unknown key.
//
// Cores: one. Ownership: refers to the parameters, which outlive it.
// Blocks: never. Allocates: yes.
// Bound: kErrorsMax errors are told, the rest counted.
// Errors: kInvalidArgument, which ends an application with exit code 2. The
// message names for each error the path, what was found and what was expected;
// for an unknown key, the valid ones and the nearest of them.
#ifndef EBBRT_CORE_APP_PARAMETERS_H_
#define EBBRT_CORE_APP_PARAMETERS_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"

namespace ebbrt {

class ParameterReader {
 public:
  static constexpr size_t kErrorsMax = 8;

  // What a number may be, both ends included; the unit is for messages.
  struct IntegerRange {
    int64_t min = 0;
    int64_t max = std::numeric_limits<int64_t>::max();
    std::string_view unit = "";
  };
  struct NumberRange {
    double min = 0;
    double max = std::numeric_limits<double>::max();
    std::string_view unit = "";
  };

  // `path` is how messages name the object.
  explicit ParameterReader(const nlohmann::json& object,
                           std::string path = "parameters");

  // Whether the key is there. It counts as read.
  bool Has(std::string_view key);

  // A whole number, also one written as 1e6.
  int64_t Integer(std::string_view key, int64_t otherwise, IntegerRange range);
  double Number(std::string_view key, double otherwise, NumberRange range);
  bool Boolean(std::string_view key, bool otherwise);
  std::string Text(std::string_view key, std::string otherwise);
  // One of `choices`.
  std::string Choice(std::string_view key, std::string otherwise,
                     std::initializer_list<std::string_view> choices);
  // A list of numbers.
  std::vector<double> Numbers(std::string_view key,
                              std::vector<double> otherwise, NumberRange range);

  // The object at `key`, an empty one if there is none. Its errors are this
  // reader's.
  ParameterReader Object(std::string_view key);
  // The objects of the list at `key`; none if there is no such key.
  std::vector<ParameterReader> Objects(std::string_view key);

  // Tells an error of the caller's own finding: the value at `key` is not what
  // `expected` says ("a power of two").
  void Reject(std::string_view key, std::string_view expected);

  // OK if all that was read was right and all that is there was read, in this
  // object and those that it gave.
  absl::Status Finish();

 private:
  // One object of the parameters, and the keys that were asked for.
  struct Place {
    const nlohmann::json* object;
    std::string path;
    std::vector<std::string> keys;
  };
  struct State {
    // What stands for an object that is not there.
    const nlohmann::json empty = nlohmann::json::object();
    std::vector<std::unique_ptr<Place>> places;
    std::vector<std::string> errors;
    size_t error_count = 0;
  };

  ParameterReader(std::shared_ptr<State> state, const nlohmann::json& object,
                  std::string path);

  // The value at `key`, null if there is none. Notes the key.
  const nlohmann::json* Find(std::string_view key);
  std::string PathOf(std::string_view key) const;
  static void AddError(State& state, std::string error);
  static void FindUnknownKeys(State& state, const Place& place);

  std::shared_ptr<State> state_;
  Place* place_;
};

// The one of `candidates` that `text` was most likely meant to be; "" if none
// is near.
std::string_view NearestOf(std::string_view text,
                           const std::vector<std::string>& candidates);

}  // namespace ebbrt

#endif  // EBBRT_CORE_APP_PARAMETERS_H_
