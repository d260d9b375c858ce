#include "core/trace/trace.h"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "core/async/combinators.h"
#include "core/base/check.h"
#include "core/trace/counter.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

// Runs `function` on every core; fails with the first failure.
template <typename Function>
Future<void> OnAllCores(Function function) {
  std::vector<Future<void>> cores;
  for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
    cores.push_back(Async(CoreId(i), function));
  }
  return WhenAll(std::move(cores)).Then([](std::vector<absl::Status> ended) {
    for (absl::Status& status : ended) {
      if (!status.ok()) return std::move(status);
    }
    return absl::OkStatus();
  });
}

const char* KindName(TraceKind kind) {
  switch (kind) {
    case TraceKind::kEvent:
      return "ended";
    case TraceKind::kPiece:
      return "blocked";
    case TraceKind::kWait:
      return "waited";
    case TraceKind::kInstant:
      return "said";
  }
  return "?";
}

}  // namespace

void internal::TellMoreOfFailure() {
  constexpr size_t kRecords = 16;
  if (!Platform::OnCore()) return;
  const CoreTrace* trace = event_loop->TraceOf(Platform::CurrentCore());
  if (trace == nullptr) return;
  TraceRecord records[kRecords];
  size_t count = trace->CopyRecords(records);
  uint64_t now = Platform::Cycles();
  double microseconds =
      1e6 / static_cast<double>(Platform::CyclesPerSecond());
  // As the check itself: stderr allocates nothing.
  std::fprintf(stderr, "the last that core %u did (us ago, us long):\n",
               Platform::CurrentCore().index());
  for (const TraceRecord& record : std::span(records, count)) {
    std::string_view name = EventTagName(record.tag);
    std::fprintf(
        stderr, "%12.3f %9.3f  %s %.*s (%#x) %llu\n",
        static_cast<double>(now - record.cycles_end) * microseconds,
        static_cast<double>(record.cycles_end - record.cycles_begin) *
            microseconds,
        KindName(record.kind), static_cast<int>(name.size()), name.data(),
        record.tag, static_cast<unsigned long long>(record.argument));
  }
}

Future<void> StartTrace() {
  return OnAllCores([] {
    return event_loop->StartTrace()
               ? absl::OkStatus()
               : absl::ResourceExhaustedError("no memory for a core's trace");
  });
}

Future<void> StopTrace() {
  return OnAllCores([] { event_loop->StopTrace(); });
}

std::vector<TagCost> TraceSnapshot::Total() const {
  std::map<EventTag, TagCost> by_tag;
  for (const std::vector<TagCost>& core : cores) {
    for (const TagCost& cost : core) {
      TagCost& sum = by_tag[cost.tag];
      sum.tag = cost.tag;
      sum.Add(cost);
    }
  }
  std::vector<TagCost> total;
  for (const auto& [tag, cost] : by_tag) total.push_back(cost);
  std::stable_sort(total.begin(), total.end(),
                   [](const TagCost& a, const TagCost& b) {
                     return a.cycles > b.cycles;
                   });
  return total;
}

double TraceSnapshot::NanosecondsOf(double cycles) const {
  return cycles * 1e9 / static_cast<double>(cycles_per_second);
}

TraceSnapshot ReadTrace() {
  TraceSnapshot snapshot;
  snapshot.cycles_per_second = Platform::CyclesPerSecond();
  for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
    const CoreTrace* trace = event_loop->TraceOf(CoreId(i));
    snapshot.cores.push_back(trace == nullptr ? std::vector<TagCost>()
                                              : trace->Costs());
  }
  return snapshot;
}

std::vector<TraceRecord> ReadTraceRecords(CoreId core, size_t count) {
  const CoreTrace* trace = event_loop->TraceOf(core);
  if (trace == nullptr) return {};
  return trace->Records(count);
}

Future<CounterValues> ReadCounters() {
  std::vector<Future<CounterValues>> cores;
  for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
    cores.push_back(Async(CoreId(i), [] {
      CounterValues values;
      IntrusiveList<Counter>& counters = core_counters->counters;
      for (Counter* counter = counters.front(); counter != nullptr;
           counter = counters.Next(counter)) {
        values[std::string(counter->name())] += counter->value();
      }
      return values;
    }));
  }
  return WhenAll(std::move(cores))
      .Then([](std::vector<absl::StatusOr<CounterValues>> read) {
        CounterValues sums;
        for (const absl::StatusOr<CounterValues>& values : read) {
          if (!values.ok()) continue;  // The node is ending.
          for (const auto& [name, value] : *values) sums[name] += value;
        }
        return sums;
      });
}

}  // namespace ebbrt
