#include "platform/baremetal/boot/program.h"

#include <elf.h>

#include <cstdint>

#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/machine_check.h"
#include "platform/baremetal/memory/address_space.h"

extern "C" void _start();

namespace ebbrt::platform::machine {
namespace {

constexpr uint64_t kStackBytes = 8 * 1024 * 1024;
// As large as a large page, so that the stack is of such.
constexpr uint64_t kGuardBytes = kLargeFrameBytes;
constexpr size_t kTextBytesMax = 64 * 1024;
constexpr size_t kArgumentsMax = 256;
constexpr size_t kVariablesMax = 64;
constexpr char kVariable[] = "env:";
constexpr size_t kVariableBytes = sizeof(kVariable) - 1;

// Lists of strings, as they are given to a program.
struct Words {
  const char* arguments[kArgumentsMax] = {};
  size_t argument_count = 0;
  const char* variables[kVariablesMax] = {};
  size_t variable_count = 0;
  bool dropped = false;

  void Add(const char* word) {
    if (IsVariable(word)) {
      AddTo(variables, variable_count, word + kVariableBytes);
    } else {
      AddTo(arguments, argument_count, word);
    }
  }

 private:
  static bool IsVariable(const char* word) {
    for (size_t i = 0; i < kVariableBytes; ++i) {
      if (word[i] != kVariable[i]) return false;
    }
    return true;
  }
  template <size_t kCount>
  void AddTo(const char* (&list)[kCount], size_t& count, const char* word) {
    if (count == kCount) {
      dropped = true;
    } else {
      list[count++] = word;
    }
  }
};
constinit Words words;

// Takes the text apart where it stands: what quotes and backslashes took up is
// more than enough for the ends of words.
void SplitWords(char* text, Words& to) {
  char* at = text;
  for (;;) {
    while (*at == ' ') ++at;
    if (*at == '\0') return;
    char* const begin = at;
    char* end = at;
    bool quoted = false;
    for (; *at != '\0' && (quoted || *at != ' '); ++at) {
      if (*at == '"') {
        quoted = !quoted;
        continue;
      }
      // Also outside of quotes: GRUB quotes by backslashes alone.
      if (*at == '\\' && at[1] != '\0') ++at;
      *end++ = *at;
    }
    const bool last = *at == '\0';
    if (!last) ++at;
    *end = '\0';
    to.Add(begin);
    if (last) return;
  }
}

size_t Length(const char* text) {
  size_t bytes = 0;
  while (bytes < kTextBytesMax && text[bytes] != '\0') ++bytes;
  return bytes;
}

// A stack that is filled from its top.
class StackBuilder {
 public:
  explicit StackBuilder(uint64_t top) : top_(top) {}

  void* Push(size_t bytes) {
    top_ = (top_ - bytes) & ~uint64_t{15};
    return reinterpret_cast<void*>(top_);
  }
  uint64_t top() const { return top_; }

 private:
  uint64_t top_;
};

}  // namespace

void StartProgram(const char* command_line, bool has_name) {
  const uint64_t reservation = address_space.Reserve(
      kGuardBytes + kStackBytes, kLargeFrameBytes, kReserved);
  MACHINE_CHECK(reservation != 0 &&
                    address_space.ReserveAt(reservation + kGuardBytes,
                                            kStackBytes, kOnDemand),
                "there is no memory for the program's stack");
  StackBuilder stack(reservation + kGuardBytes + kStackBytes);

  if (!has_name) words.Add("ebbrt");
  if (command_line != nullptr) {
    const size_t bytes = Length(command_line);
    auto* text = static_cast<char*>(stack.Push(bytes + 1));
    CopyBytes(text, command_line, bytes);
    text[bytes] = '\0';
    SplitWords(text, words);
  }
  if (words.argument_count == 0) words.Add("ebbrt");
  if (words.dropped) {
    ConsoleWriter().Text("the command line has too many words: the last of "
                         "them are dropped\n");
  }
  constexpr size_t kRandomBytes = 16;
  void* random = stack.Push(kRandomBytes);
  FillEntropy(random, kRandomBytes);

  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(image_begin);
  const Elf64_auxv_t auxiliary[] = {
      {AT_PHDR, {reinterpret_cast<uint64_t>(image_begin) + header->e_phoff}},
      {AT_PHENT, {sizeof(Elf64_Phdr)}},
      {AT_PHNUM, {header->e_phnum}},
      {AT_PAGESZ, {kSmallFrameBytes}},
      {AT_ENTRY, {reinterpret_cast<uint64_t>(&_start)}},
      {AT_UID, {0}},
      {AT_EUID, {0}},
      {AT_GID, {0}},
      {AT_EGID, {0}},
      {AT_SECURE, {0}},
      {AT_RANDOM, {reinterpret_cast<uint64_t>(random)}},
      {AT_HWCAP, {Cpuid(1).d}},
      {AT_CLKTCK, {100}},
      {AT_EXECFN, {reinterpret_cast<uint64_t>(words.arguments[0])}},
      {AT_NULL, {0}},
  };
  const size_t count = 1 + words.argument_count + 1 + words.variable_count + 1;
  auto* to = static_cast<uint64_t*>(
      stack.Push(count * sizeof(uint64_t) + sizeof(auxiliary)));
  auto put = [&to](uint64_t value) { *to++ = value; };
  auto put_all = [&](const char* const* list, size_t length) {
    for (size_t i = 0; i < length; ++i) {
      put(reinterpret_cast<uint64_t>(list[i]));
    }
    put(0);
  };
  put(words.argument_count);
  put_all(words.arguments, words.argument_count);
  put_all(words.variables, words.variable_count);
  CopyBytes(to, auxiliary, sizeof(auxiliary));
  StartProgram(stack.top(), reinterpret_cast<uint64_t>(&_start));
}

}  // namespace ebbrt::platform::machine
