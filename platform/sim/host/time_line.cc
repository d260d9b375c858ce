#include "platform/sim/host/time_line.h"

#include <cinttypes>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "platform/sim/host/tag_name.h"

namespace ebbrt::platform {
namespace {

using nlohmann::json;

// Whole microseconds and the rest, which a double would round.
struct Microseconds {
  explicit Microseconds(Duration time)
      : whole(time.count() / 1000), rest(time.count() % 1000) {}
  int64_t whole;
  int64_t rest;
};

std::string Quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TimeLine>> TimeLine::Create(
    const std::string& file) {
  std::unique_ptr<TimeLine> line(new TimeLine(file));
  line->file_.reset(std::fopen(file.c_str(), "wb"));
  if (line->file_ == nullptr) {
    return absl::InvalidArgumentError("simulation.trace: " + file +
                                      " cannot be written");
  }
  return line;
}

void TimeLine::AddEvent(const SimCore& core, EventTag tag, uint64_t bytes,
                        Time begin) {
  if (records_.size() == kRecordsMax) records_.pop_front();
  records_.push_back({core.node->number(), core.id.index(), tag, bytes, begin,
                      core.now - begin});
}

void TimeLine::AddMark(const SimNode& node, std::string text, Time time) {
  if (marks_.size() == kRecordsMax) marks_.pop_front();
  marks_.push_back({node.number(), time, std::move(text)});
}

void TimeLine::WriteNames(Simulation& simulation) {
  std::set<std::pair<uint32_t, uint32_t>> cores;
  for (const Record& record : records_) {
    cores.emplace(record.node, record.core);
  }
  for (const auto& [number, core] : cores) {
    std::fprintf(file_.get(),
                 "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%u,"
                 "\"args\":{\"name\":%s}},\n"
                 "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":%u,"
                 "\"tid\":%u,\"args\":{\"name\":\"core %u\"}},\n",
                 number, Quoted(simulation.node(number).name()).c_str(), number,
                 core, core);
  }
}

absl::Status TimeLine::Write(Simulation& simulation) {
  std::FILE* file = file_.get();
  std::fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", file);
  WriteNames(simulation);
  for (const Mark& mark : marks_) {
    Microseconds at(mark.time.time_since_epoch());
    std::fprintf(file,
                 "{\"name\":%s,\"ph\":\"i\",\"s\":\"p\",\"pid\":%u,"
                 "\"tid\":0,\"ts\":%" PRId64 ".%03" PRId64 "},\n",
                 Quoted(mark.text).c_str(), mark.node, at.whole, at.rest);
  }
  for (const Record& record : records_) {
    Microseconds at(record.begin.time_since_epoch());
    Microseconds lasts(record.lasts);
    std::fprintf(file,
                 "{\"name\":%s,\"ph\":\"X\",\"cat\":\"event\",\"pid\":%u,"
                 "\"tid\":%u,\"ts\":%" PRId64 ".%03" PRId64
                 ",\"dur\":%" PRId64 ".%03" PRId64
                 ",\"args\":{\"bytes\":%" PRIu64 "}},\n",
                 Quoted(TagName(record.tag)).c_str(), record.node, record.core,
                 at.whole, at.rest, lasts.whole, lasts.rest, record.bytes);
  }
  // The last one has no comma behind it.
  std::fputs("{\"name\":\"end\",\"ph\":\"i\",\"s\":\"g\",\"pid\":0,\"tid\":0,"
             "\"ts\":", file);
  Microseconds at(simulation.now().time_since_epoch());
  std::fprintf(file, "%" PRId64 ".%03" PRId64 "}\n]}\n", at.whole, at.rest);
  bool failed = std::ferror(file) != 0;
  failed = std::fclose(file_.release()) != 0 || failed;
  if (!failed) return absl::OkStatus();
  return absl::UnavailableError("simulation.trace: " + name_ +
                                " cannot be written");
}

}  // namespace ebbrt::platform
