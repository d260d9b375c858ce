// libFuzzer is the DNS servers that a resolver asks: it chooses what they
// answer and what not. Whatever they say, each name comes to an end, after a
// bounded number of questions.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/base/check.h"
#include "core/net/dns/resolver.h"
#include "core/net/memory_network.h"
#include "core/net/wire/dns.h"
#include "core/testing/choices.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::dns {
namespace {

constexpr Endpoint kServer = {IpAddress::V4(10, 0, 0, 53), kDnsPort};
constexpr const char* kNames[] = {"a.test", "b.test", "c.test"};
// One to fill the cache, one to find it filled or aged, and one more. Longer
// histories reach next to nothing else, and cost executions.
constexpr int kRounds = 3;
constexpr size_t kFlagsAt = 2;
constexpr size_t kAnswersAt = 7;
// The first try of a name and of each alias that it leads to.
constexpr size_t kQuestionsMax =
    (Resolver::kAliasesMax + 2) * Resolver::kTriesMax;

class Exercise {
 public:
  explicit Exercise(std::span<const uint8_t> bytes) : choices_(bytes) {}

  void Run() {
    InstallMemoryNetwork({.seed = choices_.Next()});
    auto opened = network->OpenUdp(
        kServer, [this](const Endpoint& from, IOBufChain question) {
          ++asked_;
          OnQuestion(from, question.ToString());
        });
    EBBRT_CHECK(opened.ok());
    server_ = *std::move(opened);
    Resolver resolver(network, {kServer});
    for (int round = 0; round < kRounds && !choices_.empty(); ++round) {
      std::vector<Future<Resolver::Addresses>> names;
      for (const char* name : kNames) names.push_back(resolver.Resolve(name));
      const size_t before = asked_;
      auto outcomes = WhenAll(std::move(names)).Block();
      EBBRT_CHECK(outcomes.ok());
      for (const auto& addresses : *outcomes) {
        EBBRT_CHECK(!addresses.ok() || !addresses->empty());
      }
      EBBRT_CHECK(asked_ - before <= std::size(kNames) * kQuestionsMax);
      EBBRT_CHECK(resolver.cache_size() <= std::size(kNames));
      const auto time = std::chrono::seconds(choices_.Number() & 0xffff);
      EBBRT_CHECK(Delay(time).Block().ok());
    }
  }

 private:
  // The question, made an answer, with whatever behind it.
  void OnQuestion(const Endpoint& from, std::string message) {
    for (uint8_t count = choices_.Next() % 4; count != 0; --count) {
      std::string answer = message;
      if (choices_.Next() % 4 != 0) {
        answer[kFlagsAt] = static_cast<char>(0x80 | choices_.Next() % 8);
        answer[kFlagsAt + 1] = static_cast<char>(
            choices_.Next() % 4 == 0 ? choices_.Next() % 16 : 0);
      }
      for (uint8_t records = choices_.Next() % 4; records != 0; --records) {
        ++answer[kAnswersAt];
        AddRecord(answer);
      }
      const std::vector<std::byte> more = choices_.Take(choices_.Next() % 64);
      answer.append(reinterpret_cast<const char*>(more.data()), more.size());
      if (choices_.Next() % 8 == 1) {
        answer[choices_.Next() % answer.size()] ^= 1 << choices_.Next() % 8;
      }
      static_cast<void>(
          server_->SendTo(from, IOBufChain(IOBuf::CopyOf(answer))));
    }
  }

  void AddRecord(std::string& answer) {
    const char life = static_cast<char>(choices_.Next() % 64);
    // Of the name that was asked for, or of one that stands somewhere.
    answer += choices_.Next() % 4 != 0 ? std::string("\xc0\x0c", 2)
                                       : DrawName();
    if (choices_.Flip()) {
      answer += std::string("\0\1\0\1\0\0\0", 7) + life;
      answer += std::string("\0\4\x0a\0\0\1", 6);
      return;
    }
    const std::string target = DrawName();
    answer += std::string("\0\5\0\1\0\0\0", 7) + life + '\0' +
              static_cast<char>(target.size()) + target;
  }
  std::string DrawName() {
    if (choices_.Next() % 4 == 0) {
      return {'\xc0', static_cast<char>(choices_.Next() % 128)};
    }
    const char letter = static_cast<char>('a' + choices_.Next() % 16);
    return std::string("\1") + letter + std::string("\4test\0", 6);
  }

  testing::Choices choices_;
  std::unique_ptr<UdpSocket> server_;
  size_t asked_ = 0;
};

}  // namespace
}  // namespace ebbrt::dns

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::testing::RunOnCores(1, [data, bytes] {
    ebbrt::dns::Exercise({data, bytes}).Run();
  });
  return 0;
}
