// Takes lines out of a stream that arrives in pieces: a line is parsed where it
// was received, and only one that was cut is copied.
//
// Cores: one. Ownership: a line is valid until the next Take, and as long as
// the bytes that it came from. Blocks: no. Allocates: no.
// Bound: a line of kLineBytesMax, its end included. Units: bytes.
// Errors: a longer line ends reading for good; see Take.
#ifndef EBBRT_APPS_LOADGEN_LINE_READER_H_
#define EBBRT_APPS_LOADGEN_LINE_READER_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace ebbrt::loadgen {

class LineReader {
 public:
  static constexpr size_t kLineBytesMax = 512;

  // Takes a line, without its line end, from the front of `bytes`; none if it
  // is not all there yet. `overlong` says that it never will be.
  std::optional<std::string_view> Take(std::span<const std::byte>& bytes,
                                       bool& overlong);

 private:
  // A line that has come in part.
  size_t line_bytes_ = 0;
  char line_[kLineBytesMax];
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_LINE_READER_H_
