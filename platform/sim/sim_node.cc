#include "platform/sim/sim_node.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "platform/sim/sim.h"

namespace ebbrt::platform {
namespace {

// The streams that are drawn from a seed: the simulation's are 0 and 1.
constexpr uint64_t kFirstEntropyStream = 2;
constexpr int64_t kBillion = 1'000'000'000;

// a * b / c, where the product may have 128 bits.
int64_t Scale(int64_t a, int64_t b, int64_t c) {
  return static_cast<int64_t>(static_cast<__int128>(a) * b / c);
}

}  // namespace

SimNode::SimNode(uint32_t number, std::string name, const NodeOptions& options,
                 SimProgram& program)
    : number_(number),
      core_count_(options.core_count == 0 ? Sim::kMachineCores
                                          : options.core_count),
      cores_(std::make_unique<SimCore[]>(core_count_)),
      name_(std::move(name)),
      options_(options),
      program_(program),
      entropy_(options.seed, kFirstEntropyStream + number) {
  for (uint32_t i = 0; i < core_count_; ++i) {
    cores_[i].node = this;
    cores_[i].id = CoreId(i);
  }
}

void SimNode::SetClock(const SimClock& clock, Time from) {
  clock_then_ = ToNodeTime(from);
  set_at_ = from;
  clock_ = clock;
}

Time SimNode::ToNodeTime(Time time) const {
  Duration passed = time - set_at_;
  if (clock_.drift_ppb != 0) {
    passed += Duration(Scale(passed.count(), clock_.drift_ppb, kBillion));
  }
  return clock_then_ + passed;
}

Time SimNode::FromNodeTime(Time time) const {
  if (time == kTimeNever || time == Time::min()) return time;
  Duration passed = time - clock_then_;
  if (clock_.drift_ppb != 0) {
    // One more, so that at that time the node's clock has come there.
    passed = Duration(
        Scale(passed.count(), kBillion, kBillion + clock_.drift_ppb) + 1);
  }
  return passed < kTimeNever - set_at_ ? set_at_ + passed : kTimeNever;
}

void SimNode::FillEntropy(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    uint64_t drawn = entropy_();
    size_t count = std::min(bytes.size(), sizeof(drawn));
    std::memcpy(bytes.data(), &drawn, count);
    bytes = bytes.subspan(count);
  }
}

}  // namespace ebbrt::platform
