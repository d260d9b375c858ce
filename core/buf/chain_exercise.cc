#include "core/buf/chain_exercise.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"
#include "core/buf/iobuf_cursor.h"
#include "core/testing/allocation_faults.h"

namespace ebbrt::testing {
namespace {

constexpr std::string_view kStaticText = "memory that nobody frees";

class Exercise {
 public:
  explicit Exercise(std::span<const uint8_t> choices) : choices_(choices) {}

  void Run() {
    while (!choices_.empty()) {
      Step();
      for (Case& each : cases_) Verify(each);
    }
  }

 private:
  struct Case {
    IOBufChain chain;
    std::string model;
  };

  // A number below `end`, the next choice; zero when there are none left.
  size_t Choose(size_t end) {
    if (choices_.empty() || end == 0) return 0;
    size_t choice = choices_.front();
    choices_ = choices_.subspan(1);
    if (end > 256 && !choices_.empty()) {
      choice = choice << 8 | choices_.front();
      choices_ = choices_.subspan(1);
    }
    return choice % end;
  }
  // A length up to `max`, both ends included.
  size_t ChooseLength(size_t max) { return Choose(max + 1); }

  std::string NewText() {
    std::string text(Choose(80), ' ');
    for (char& c : text) c = static_cast<char>(next_byte_++);
    return text;
  }

  void Step() {
    Case& one = cases_[Choose(cases_.size())];
    Case& other = cases_[Choose(cases_.size())];
    // One step in eight is refused one of its allocations.
    std::optional<RefuseAllocation> refusal;
    if (Choose(8) == 7) refusal.emplace(Choose(4));
    switch (Choose(13)) {
      case 0:
        return Push(one, /*front=*/false);
      case 1:
        return Push(one, /*front=*/true);
      case 2:
        return PushStatic(one);
      case 3:
        return Append(one, other);
      case 4:
        return PopFront(one);
      case 5:
        return Trim(one);
      case 6:
        return Split(one, other);
      case 7:
        return Clone(one, other);
      case 8:
        return Coalesce(one);
      case 9:
        return CopyTo(one);
      case 10:
        return ReadThrough(one);
      case 11:
        return PrependHeader(one);
      default:
        return Move(one, other);
    }
  }

  void Push(Case& one, bool front) {
    std::string text = NewText();
    if (one.model.size() + text.size() > kExercisedBytesMax) return;
    size_t headroom = Choose(20);
    std::unique_ptr<IOBuf> buffer =
        IOBuf::Create(headroom + text.size() + Choose(20), headroom);
    if (buffer == nullptr) return;
    std::byte* data = buffer->Append(text.size());
    std::copy_n(std::as_bytes(std::span(text)).data(), text.size(), data);
    if (front) {
      one.chain.PushFront(std::move(buffer));
      one.model.insert(0, text);
    } else {
      one.chain.PushBack(std::move(buffer));
      one.model += text;
    }
  }

  void PushStatic(Case& one) {
    if (one.model.size() + kStaticText.size() > kExercisedBytesMax) return;
    std::unique_ptr<IOBuf> buffer = IOBuf::Static(kStaticText);
    if (buffer == nullptr) return;
    EBBRT_CHECK(buffer->headroom() == 0 && buffer->tailroom() == 0);
    one.chain.PushBack(std::move(buffer));
    one.model += kStaticText;
  }

  void Append(Case& one, Case& other) {
    if (&one == &other) return;
    if (one.model.size() + other.model.size() > kExercisedBytesMax) return;
    one.chain.Append(std::move(other.chain));
    one.model += std::exchange(other.model, "");
  }

  void PopFront(Case& one) {
    std::unique_ptr<IOBuf> buffer = one.chain.PopFront();
    EBBRT_CHECK((buffer == nullptr) == one.model.empty());
    if (buffer == nullptr) return;
    EBBRT_CHECK(one.model.starts_with(buffer->text()));
    one.model.erase(0, buffer->length());
  }

  void Trim(Case& one) {
    size_t bytes = ChooseLength(one.model.size());
    if (Choose(2) == 0) {
      one.chain.TrimFront(bytes);
      one.model.erase(0, bytes);
    } else {
      one.chain.TrimBack(bytes);
      one.model.resize(one.model.size() - bytes);
    }
  }

  void Split(Case& one, Case& other) {
    size_t bytes = ChooseLength(one.model.size());
    std::optional<IOBufChain> front = one.chain.SplitFront(bytes);
    if (!front.has_value()) return;  // And nothing has changed.
    EBBRT_CHECK(front->ToString() == one.model.substr(0, bytes));
    if (&one == &other) {
      front->Append(std::move(one.chain));
      one.chain = *std::move(front);
      return;
    }
    other.chain = *std::move(front);
    other.model = one.model.substr(0, bytes);
    one.model.erase(0, bytes);
  }

  void Clone(Case& one, Case& other) {
    std::optional<IOBufChain> clone = one.chain.Clone();
    if (!clone.has_value()) return;
    other.chain = *std::move(clone);
    if (&one != &other) other.model = one.model;
  }

  void Coalesce(Case& one) {
    if (one.model.empty()) return;
    size_t bytes = 1 + Choose(one.model.size());
    const std::byte* data = one.chain.Coalesce(bytes);
    if (data == nullptr) return;
    EBBRT_CHECK(one.chain.front().length() >= bytes);
    EBBRT_CHECK(std::string_view(reinterpret_cast<const char*>(data), bytes) ==
                std::string_view(one.model).substr(0, bytes));
  }

  void CopyTo(Case& one) {
    size_t offset = ChooseLength(one.model.size());
    size_t bytes = ChooseLength(one.model.size() - offset);
    std::string copy(bytes, ' ');
    one.chain.CopyTo(std::as_writable_bytes(std::span(copy)), offset);
    EBBRT_CHECK(copy == one.model.substr(offset, bytes));
  }

  // Compares an integer in network order with the model's bytes.
  static void VerifyInteger(std::string_view bytes, uint64_t found) {
    uint64_t expected = 0;
    for (char c : bytes) expected = expected << 8 | static_cast<uint8_t>(c);
    EBBRT_CHECK(found == expected);
  }

  // Reads with a cursor beyond the end.
  void ReadThrough(Case& one) {
    IOBufCursor cursor(one.chain);
    std::string_view left = one.model;
    while (!cursor.failed()) {
      EBBRT_CHECK(cursor.remaining() == left.size());
      EBBRT_CHECK(cursor.Contiguous().empty() == left.empty());
      size_t kind = Choose(6);
      size_t bytes = kind < 4 ? size_t{1} << kind : 1 + Choose(40);
      std::string_view expected = left.substr(0, bytes);
      bool short_read = bytes > left.size();
      if (short_read) expected = {};
      std::string text(bytes, 'x');
      switch (kind) {
        case 0:
          VerifyInteger(expected, cursor.Read8());
          break;
        case 1:
          VerifyInteger(expected, cursor.Read16());
          break;
        case 2:
          VerifyInteger(expected, cursor.Read32());
          break;
        case 3:
          VerifyInteger(expected, cursor.Read64());
          break;
        case 4:
          cursor.Read(std::as_writable_bytes(std::span(text)));
          EBBRT_CHECK(text ==
                      (short_read ? std::string(bytes, '\0') : expected));
          break;
        default:
          cursor.Skip(bytes);
      }
      EBBRT_CHECK(cursor.failed() == short_read);
      left.remove_prefix(std::min(bytes, left.size()));
    }
    EBBRT_CHECK(cursor.remaining() == 0 && cursor.Read32() == 0);
  }

  // As a layer of a network stack does it.
  void PrependHeader(Case& one) {
    std::unique_ptr<IOBuf> first = one.chain.PopFront();
    if (first == nullptr) return;
    std::string header(std::min<size_t>(first->headroom(), Choose(9)), 'h');
    if (one.model.size() + header.size() > kExercisedBytesMax) header.clear();
    std::copy_n(std::as_bytes(std::span(header)).data(), header.size(),
                first->Prepend(header.size()));
    one.chain.PushFront(std::move(first));
    one.model.insert(0, header);
  }

  void Move(Case& one, Case& other) {
    one.chain = std::move(other.chain);
    if (&one != &other) one.model = std::exchange(other.model, "");
  }

  static void Verify(const Case& one) {
    size_t buffers = 0;
    std::string_view left = one.model;
    for (const IOBuf& buffer : one.chain) {
      ++buffers;
      EBBRT_CHECK(!buffer.empty());
      EBBRT_CHECK(left.starts_with(buffer.text()));
      left.remove_prefix(buffer.length());
    }
    EBBRT_CHECK(left.empty());
    EBBRT_CHECK(one.chain.length() == one.model.size());
    EBBRT_CHECK(one.chain.empty() == one.model.empty());
    EBBRT_CHECK(one.chain.buffer_count() == buffers);
    if (buffers != 0) EBBRT_CHECK(one.model.ends_with(one.chain.back().text()));
  }

  std::span<const uint8_t> choices_;
  std::array<Case, 3> cases_;
  uint8_t next_byte_ = 0;
};

}  // namespace

void ExerciseChains(std::span<const uint8_t> choices) {
  Exercise(choices).Run();
}

}  // namespace ebbrt::testing
