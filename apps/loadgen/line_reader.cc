#include "apps/loadgen/line_reader.h"

#include <cstring>

namespace ebbrt::loadgen {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

std::optional<std::string_view> LineReader::Take(
    std::span<const std::byte>& bytes, bool& overlong) {
  auto* text = reinterpret_cast<const char*>(bytes.data());
  auto* end = static_cast<const char*>(std::memchr(text, '\n', bytes.size()));
  size_t taken =
      end == nullptr ? bytes.size() : static_cast<size_t>(end - text) + 1;
  bytes = bytes.subspan(taken);
  if (taken > kLineBytesMax - line_bytes_) {
    overlong = true;
    return std::nullopt;
  }
  std::string_view line(text, taken);
  if (end == nullptr || line_bytes_ != 0) {
    std::memcpy(line_ + line_bytes_, text, taken);
    line_bytes_ += taken;
    if (end == nullptr) return std::nullopt;
    line = std::string_view(line_, line_bytes_);
    line_bytes_ = 0;
  }
  if (!line.ends_with(kLineEnd)) return line;
  return line.substr(0, line.size() - kLineEnd.size());
}

}  // namespace ebbrt::loadgen
