#include "platform/sim/faults.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <system_error>

namespace ebbrt::platform {
namespace {

constexpr Duration kLongest = std::chrono::hours(1);

struct Probability {
  std::string_view name;
  double SimFaults::*member;
};
constexpr auto kProbabilities = std::to_array<Probability>({
    {"commit_refused", &SimFaults::commit_refused},
    {"wait_early", &SimFaults::wait_early},
    {"network_loss", &SimFaults::network_loss},
    {"network_reset", &SimFaults::network_reset},
    {"network_refuse", &SimFaults::network_refuse},
});

struct Length {
  std::string_view name;
  Duration SimFaults::*member;
};
constexpr auto kLengths = std::to_array<Length>({
    {"wake_latency_min_ns", &SimFaults::wake_latency_min},
    {"wake_latency_max_ns", &SimFaults::wake_latency_max},
    {"timer_slack_max_ns", &SimFaults::timer_slack_max},
    {"wait_cost_min_ns", &SimFaults::wait_cost_min},
    {"wait_cost_max_ns", &SimFaults::wait_cost_max},
    {"network_delay_ns", &SimFaults::network_delay},
    {"network_jitter_ns", &SimFaults::network_jitter},
});

template <typename Number>
bool ParseNumber(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

std::string Names() {
  std::string names;
  for (const Probability& one : kProbabilities) {
    names.append(" ").append(one.name);
  }
  for (const Length& one : kLengths) names.append(" ").append(one.name);
  return names;
}

std::string ParseOne(std::string_view name, std::string_view value,
                     SimFaults& faults) {
  auto wrong = [&](std::string_view expected) {
    return std::string(name) + ": found \"" + std::string(value) +
           "\", expected " + std::string(expected);
  };
  for (const Probability& one : kProbabilities) {
    if (one.name != name) continue;
    double number;
    if (!ParseNumber(value, number) || !(0 <= number && number <= 1)) {
      return wrong("a probability, 0 to 1");
    }
    faults.*one.member = number;
    return "";
  }
  for (const Length& one : kLengths) {
    if (one.name != name) continue;
    int64_t number;
    if (!ParseNumber(value, number) || number < 0 ||
        number > kLongest.count()) {
      return wrong("nanoseconds, 0 to an hour of them");
    }
    faults.*one.member = Duration(number);
    return "";
  }
  return "unknown fault \"" + std::string(name) + "\"; there are:" + Names();
}

}  // namespace

std::string ParseSimFaults(std::string_view text, SimFaults& faults) {
  while (!text.empty()) {
    std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    size_t equals = one.find('=');
    std::string_view value =
        equals == one.npos ? "" : one.substr(equals + 1);
    std::string error = ParseOne(one.substr(0, equals), value, faults);
    if (!error.empty()) return error;
  }
  if (faults.wake_latency_min > faults.wake_latency_max ||
      faults.wait_cost_min > faults.wait_cost_max) {
    return "a minimum is above its maximum";
  }
  if (faults.wait_cost_min == Duration::zero()) {
    return "wait_cost_min_ns: found \"0\", expected at least 1";
  }
  return "";
}

std::string ReadSimFaults(SimFaults& faults) {
  const char* text = std::getenv("EBBRT_SIM_FAULTS");
  if (text == nullptr) return "";
  std::string error = ParseSimFaults(text, faults);
  return error.empty() ? "" : "EBBRT_SIM_FAULTS: " + error;
}

}  // namespace ebbrt::platform
