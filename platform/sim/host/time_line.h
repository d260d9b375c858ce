// The time line of a simulation, for a trace viewer (ui.perfetto.dev): a
// process a node, a track a core, a slice for each event, and marks for what
// befalls a node. What is recorded changes nothing of what happens.
//
// Cores: the host thread that simulates. Allocates: the records.
// Bound: kRecordsMax of them, the newest.
// Errors: kInvalidArgument where the file cannot be written.
// Source: "Trace Event Format", the Chromium project, which Perfetto reads.
#ifndef EBBRT_PLATFORM_SIM_HOST_TIME_LINE_H_
#define EBBRT_PLATFORM_SIM_HOST_TIME_LINE_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "core/trace/event_tag.h"
#include "platform/sim/simulation.h"

namespace ebbrt::platform {

class TimeLine {
 public:
  static constexpr size_t kRecordsMax = 1 << 20;

  // To be written to that file, which is there from now on.
  static absl::StatusOr<std::unique_ptr<TimeLine>> Create(
      const std::string& file);

  // An event of a core.
  void AddEvent(const SimCore& core, EventTag tag, uint64_t bytes, Time begin);
  // Something that befalls a node.
  void AddMark(const SimNode& node, std::string text, Time time);

  absl::Status Write(Simulation& simulation);

 private:
  struct Record {
    uint32_t node;
    uint32_t core;
    EventTag tag;
    uint64_t bytes;
    Time begin;
    Duration lasts;
  };
  struct Mark {
    uint32_t node;
    Time time;
    std::string text;
  };
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  explicit TimeLine(const std::string& name) : name_(name) {}
  void WriteNames(Simulation& simulation);

  const std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
  std::deque<Record> records_;
  std::deque<Mark> marks_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HOST_TIME_LINE_H_
