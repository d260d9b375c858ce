#include "apps/threadtest/workload.h"

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "platform/current.h"

namespace ebbrt::threadtest {
namespace {

// How many batches a producer may be ahead of its consumer.
constexpr size_t kBatchesInFlight = 8;

// Each object is written to, as whoever asks for one does. The compiler may
// not see that nobody reads it, and so takes no pair away.
void* Allocate(size_t bytes) {
  void* object = std::malloc(bytes);
  asm volatile("" : "+r"(object) : : "memory");
  if (object == nullptr) [[unlikely]] return nullptr;
  *static_cast<volatile char*>(object) = 1;
  return object;
}

absl::Status Refused() {
  return absl::ResourceExhaustedError("an allocation was refused");
}

// Marsaglia's xorshift64*: a few cycles, so that it is the allocator that is
// measured.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  // Below `bound`, which is small.
  size_t Below(size_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    uint64_t value = (state_ * 0x2545F4914F6CDD1D) >> 32;
    return (value * bound) >> 32;
  }

 private:
  uint64_t state_;
};

using Objects = std::vector<void*>;

absl::Status RunThreadtest(const Workload& workload) {
  const size_t count = workload.objects / Platform::CoreCount();
  Objects objects(count);
  for (size_t i = 0; i < workload.iterations; ++i) {
    for (void*& object : objects) {
      object = Allocate(workload.bytes_min);
      if (object == nullptr) return Refused();
    }
    for (void* object : objects) std::free(object);
  }
  return absl::OkStatus();
}

// One core's part of larson: the slots that it has at present.
absl::Status RunLarsonRound(const Workload& workload, Random& random,
                            Objects& slots) {
  const size_t sizes = workload.bytes_max - workload.bytes_min + 1;
  for (size_t i = 0; i < workload.objects; ++i) {
    void*& slot = slots[random.Below(slots.size())];
    std::free(slot);
    slot = Allocate(workload.bytes_min + random.Below(sizes));
    if (slot == nullptr) return Refused();
  }
  return absl::OkStatus();
}

// The slots go round the cores, a round on each.
Future<void> RunLarson(Workload workload, CoreId first) {
  Objects slots(workload.objects);
  Random random(workload.seed + first.index());
  for (size_t i = 0; i < workload.iterations; ++i) {
    CoreId core((first.index() + i) % Platform::CoreCount());
    absl::Status status = co_await Async(core, [&] {
      return RunLarsonRound(workload, random, slots);
    });
    if (!status.ok()) co_return status;
  }
  for (void* object : slots) std::free(object);
  co_return absl::OkStatus();
}

// A producer, on its core; its consumer frees on the next core and sends the
// emptied batch back.
class Producer {
 public:
  explicit Producer(const Workload& workload)
      : core_(Platform::CurrentCore()),
        consumer_(core_.index() + 1),
        left_(workload.iterations),
        bytes_(workload.bytes_min),
        batches_(kBatchesInFlight, Objects(workload.objects)) {}

  Future<void> Run() {
    Future<void> done = promise_.GetFuture();
    for (Objects& batch : batches_) Produce(batch);
    return done;
  }

 private:
  void Produce(Objects& batch) {
    if (left_ == 0) {
      if (in_flight_ == 0) promise_.SetOutcome(absl::OkStatus());
      return;
    }
    --left_;
    ++in_flight_;
    for (void*& object : batch) object = Allocate(bytes_);
    SpawnOn(consumer_, [this, &batch] { Consume(batch); });
  }

  void Consume(Objects& batch) {
    for (void* object : batch) std::free(object);
    SpawnOn(core_, [this, &batch] {
      --in_flight_;
      Produce(batch);
    });
  }

  const CoreId core_;
  const CoreId consumer_;
  size_t left_;
  size_t in_flight_ = 0;
  const size_t bytes_;
  std::vector<Objects> batches_;
  Promise<void> promise_;
};

Future<void> RunProducer(Workload workload) {
  auto producer = std::make_unique<Producer>(workload);
  absl::Status status = co_await producer->Run();
  co_return status;
}

// Starts the workload on the cores it needs.
std::vector<Future<void>> Start(const Workload& workload) {
  std::vector<Future<void>> parts;
  const uint32_t cores = Platform::CoreCount();
  for (uint32_t i = 0; i < cores; ++i) {
    CoreId core(i);
    if (workload.kind == "threadtest") {
      parts.push_back(Async(core, [workload] {
        return RunThreadtest(workload);
      }));
    } else if (workload.kind == "larson") {
      parts.push_back(Async(core, [workload, core] {
        return RunLarson(workload, core);
      }));
    } else if (i % 2 == 0 && i + 1 < cores) {
      parts.push_back(Async(core, [workload] {
        return RunProducer(workload);
      }));
    }
  }
  return parts;
}

uint64_t OperationsOf(const Workload& workload) {
  const uint64_t cores = Platform::CoreCount();
  uint64_t per_round = workload.objects * cores;
  if (workload.kind == "threadtest") {
    per_round = workload.objects / cores * cores;
  }
  if (workload.kind == "producer_consumer") {
    per_round = workload.objects * (cores / 2);
  }
  return per_round * workload.iterations;
}

}  // namespace

Future<Measurement> Run(Workload workload) {
  const Time start = Platform::Now();
  const uint64_t start_cycles = Platform::Cycles();
  auto outcomes = co_await WhenAll(Start(workload));
  Measurement measurement;
  measurement.duration = Platform::Now() - start;
  measurement.cycles = Platform::Cycles() - start_cycles;
  measurement.operations = OperationsOf(workload);
  if (!outcomes.ok()) co_return outcomes.status();
  for (const absl::Status& status : *outcomes) {
    if (!status.ok()) co_return status;
  }
  co_return measurement;
}

}  // namespace ebbrt::threadtest
