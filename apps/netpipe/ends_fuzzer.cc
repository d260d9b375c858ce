// libFuzzer is the other end of a NetPIPE measurement: it chooses what it says,
// how that is cut, and how much it takes of what it is sent.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "apps/netpipe/options.h"
#include "apps/netpipe/receiver.h"
#include "apps/netpipe/transmitter.h"
#include "apps/netpipe/wire.h"
#include "core/base/check.h"
#include "core/net/network.h"
#include "core/testing/choices.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::netpipe {
namespace {

using ebbrt::testing::Choices;

// Sizes on both sides of what a receiver keeps as it came. The first is such
// that what fills the last holds few of it: an execution stays a short one.
const std::vector<Step>& LargeSchedule() {
  static const std::vector<Step> schedule = {
      {1024, true}, {2 * Receiver::kLentBytesMax, true}};
  return schedule;
}

std::shared_ptr<const Options> DrawOptions(Choices& choices) {
  auto options = std::make_shared<Options>();
  options->trials = 1 + choices.Next() % 3;
  options->schedule =
      choices.Flip() ? MakeSchedule(3, 30, 1) : LargeSchedule();
  options->first_bytes = options->schedule.front().bytes;
  options->silence = std::chrono::seconds(30);
  options->repeats = choices.Next() % 4;
  options->trial = std::chrono::milliseconds(1);
  options->stop = std::chrono::seconds(1);
  options->verify = choices.Flip();
  return options;
}

class FakeConnection final : public TcpConnection {
 public:
  explicit FakeConnection(Choices& choices) : choices_(choices) {}

  size_t Send(IOBufChain& data) override {
    EBBRT_CHECK(!data.empty());
    if (closed_ || aborted_) return 0;
    const size_t all = data.length();
    const size_t taken =
        choices_.Next() % 4 == 0 ? std::min<size_t>(all, choices_.Next()) : all;
    if (taken == all) {
      data.Clear();
    } else {
      data.TrimFront(taken);
      refused_ = true;
    }
    return taken;
  }
  size_t SendWindow() const override { return 0; }
  void SetReceiveWindow(size_t) override {}
  void Close() override {
    EBBRT_CHECK(!closed_);
    closed_ = true;
  }
  void Abort() override { aborted_ = true; }
  const Endpoint& local() const override { return endpoint_; }
  const Endpoint& remote() const override { return endpoint_; }

  bool aborted() const { return aborted_; }
  bool TakeRefused() { return std::exchange(refused_, false); }

 private:
  Choices& choices_;
  const Endpoint endpoint_;
  bool closed_ = false;
  bool aborted_ = false;
  bool refused_ = false;
};

class Exercise {
 public:
  explicit Exercise(std::span<const uint8_t> bytes) : choices_(bytes) {}

  void Run() {
    auto options = DrawOptions(choices_);
    last_bytes_ = options->schedule.back().bytes;
    bool ended = false;
    auto on_end = [&ended](Peer&, const absl::Status&) {
      EBBRT_CHECK(!std::exchange(ended, true));
    };
    if (choices_.Flip()) {
      handler_ = std::make_unique<Receiver>(options, on_end);
    } else {
      handler_ = std::make_unique<Transmitter>(options, on_end,
                                               [](const Measurement&) {});
    }
    handler_->OnConnected(connection_);
    // What we say goes on to come once it has closed, until we close as well.
    while (!choices_.empty() && !connection_.aborted()) Step();
    if (!connection_.aborted() && choices_.Flip()) handler_->OnPeerClosed();
    EBBRT_CHECK(!ended);
    handler_->OnClosed(choices_.Flip() ? absl::OkStatus()
                                       : absl::UnavailableError("reset"));
    EBBRT_CHECK(ended);
    handler_.reset();
  }

 private:
  void Step() {
    switch (choices_.Next() % 8) {
      case 0:
        if (connection_.TakeRefused()) handler_->OnSendReady();
        break;
      case 1:
        Say(kQuit);
        break;
      case 2: {
        const char repeats[] = {0, 0, 0,
                                static_cast<char>(choices_.Next() % 4)};
        Say({repeats, sizeof(repeats)});
        break;
      }
      case 3:
        Fill(1 + choices_.Number() % last_bytes_);
        break;
      case 4:
        Fill(last_bytes_);
        break;
      case 5: {
        const auto drawn = choices_.Take(choices_.Next());
        Say({reinterpret_cast<const char*>(drawn.data()), drawn.size()});
        break;
      }
      default:
        Say(kSync);
        break;
    }
  }

  void Say(std::string_view words) {
    while (!words.empty() && !connection_.aborted()) {
      const size_t bytes = choices_.Next() % 4 == 0
                               ? std::min<size_t>(words.size(),
                                                  1 + choices_.Next() % 8)
                               : words.size();
      handler_->OnReceive(IOBufChain(IOBuf::CopyOf(words.substr(0, bytes))));
      words.remove_prefix(bytes);
    }
  }

  // A message's bytes, whatever they are.
  void Fill(size_t bytes) {
    std::unique_ptr<IOBuf> data = IOBuf::Create(bytes);
    std::memset(data->Append(bytes), 0, bytes);
    handler_->OnReceive(IOBufChain(std::move(data)));
  }

  Choices choices_;
  FakeConnection connection_{choices_};
  std::unique_ptr<TcpHandler> handler_;
  size_t last_bytes_ = 0;
};

}  // namespace
}  // namespace ebbrt::netpipe

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::testing::RunOnCores(1, [data, bytes] {
    ebbrt::netpipe::Exercise({data, bytes}).Run();
  });
  return 0;
}
