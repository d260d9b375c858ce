#include "platform/baremetal/intel/queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/event/event_loop.h"
#include "core/testing/run_on_cores.h"
#include "core/testing/seed.h"
#include "platform/baremetal/intel/fake_controller.h"

namespace ebbrt::platform::intel {
namespace {

using testing::FakeController;

constexpr Queue::Setup kSetup = {
    .causes = kCauseReceived | kCauseTransmitted, .receive_buffers = 300};

// The first pair of the one model, and the second of the other.
class IntelQueueTest : public ::testing::TestWithParam<Queue::Setup> {};
INSTANTIATE_TEST_SUITE_P(
    All, IntelQueueTest,
    ::testing::Values(kSetup, Queue::Setup{.number = 1,
                                           .causes = kSetup.causes,
                                           .receive_buffers = 300,
                                           .format = kReceiveExtendedFormat,
                                           .shares_context = true}));

struct FakeReceiver final : NicReceiver {
  void OnFrame(IOBufChain frame, const ReceiveReport& report) override {
    frames.push_back(frame.ToString());
    good.push_back(report.checksum_good);
    if (keeps) kept.push_back(std::move(frame));
  }
  void OnFramesEnd() override {}
  void OnTransmitReady() override { ++readies; }
  void OnLink(bool) override {}

  std::vector<std::string> frames;
  std::vector<bool> good;
  std::vector<IOBufChain> kept;
  bool keeps = false;
  int readies = 0;
};

struct Bench {
  explicit Bench(const Queue::Setup& setup = kSetup) : controller(setup) {
    auto made = Queue::Create(controller.registers(), setup);
    EBBRT_CHECK(made.ok());
    queue = *std::move(made);
    queue->Open(receiver);
  }
  // Until the queue has looked at all there is.
  void Poll() {
    for (size_t before = ~size_t{0}; before != receiver.frames.size();) {
      before = receiver.frames.size();
      queue->OnInterrupt();
      EventContext context;
      IdleHandler turn([&] {
        ActivateContext(context);
        return true;
      });
      turn.Start();
      EBBRT_CHECK(SaveContext(context));
    }
  }

  FakeController controller;
  FakeReceiver receiver;
  std::unique_ptr<Queue> queue;
};

IOBufChain ChainOf(const std::string& text) {
  return IOBufChain(IOBuf::CopyOf(text));
}

TEST_P(IntelQueueTest, ReceivesFramesRoundTheRing) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench(GetParam());
    std::vector<std::string> sent;
    for (size_t i = 0; i < 3 * Queue::kRingSize; ++i) {
      sent.emplace_back(14 + i * 2, static_cast<char>('a' + i % 26));
      ASSERT_TRUE(bench.controller.Receive(sent.back()));
      if (i % 50 == 0) bench.Poll();
    }
    bench.Poll();
    EXPECT_EQ(bench.receiver.frames, sent);
  });
}

TEST_P(IntelQueueTest, GivesADeviceAllButOneOfItsRing) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench(GetParam());
    uint32_t count = 0;
    while (bench.controller.Receive(std::string(60, 'x'))) ++count;
    EXPECT_EQ(count, Queue::kRingSize - 1);
  });
}

TEST_P(IntelQueueTest, BelievesChecksumsThatWereLookedAt) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench(GetParam());
    constexpr uint8_t kDone = kReceiveDone | kReceiveEndOfFrame;
    constexpr uint8_t kBoth = kReceiveTransportChecked | kReceiveIpChecked;
    struct Case {
      uint8_t status;
      uint8_t errors;
      bool good;
    };
    const Case cases[] = {
        {kDone | kBoth, 0, true},
        {kDone, 0, false},
        {kDone | kReceiveIpChecked, 0, false},
        {kDone | kBoth | kReceiveNoChecksum, 0, false},
        {kDone | kBoth, kReceiveTransportError, false},
        {kDone | kBoth, kReceiveIpError, false},
    };
    std::vector<bool> expected;
    for (const Case& one : cases) {
      ASSERT_TRUE(bench.controller.Receive(
          std::string(60, 'x'),
          {.bytes = 60, .status = one.status, .errors = one.errors}));
      expected.push_back(one.good);
    }
    bench.Poll();
    EXPECT_EQ(bench.receiver.good, expected);
  });
}

// A receive error, as bit 7 of the errors: where the manuals have these, not
// where our formats say, which the fake controller goes by.
TEST(IntelQueue, FindsErrorsWhereTheManualsHaveThem) {
  struct Case {
    ReceiveFormat format;
    std::array<uint32_t, 2> good;
    std::array<uint32_t, 2> bad;
  };
  const Case cases[] = {
      // 8254x manual, 3.2.3.
      {kReceiveLegacyFormat, {60, 0x0003}, {60, 0x8003}},
      // 82574 datasheet, 7.1.
      {kReceiveExtendedFormat, {0x0000'0003, 60}, {0x8000'0003, 60}},
  };
  for (const Case& one : cases) {
    ebbrt::testing::RunOnCores(1, [&one] {
      Bench bench({.causes = kSetup.causes,
                   .receive_buffers = kSetup.receive_buffers,
                   .format = one.format});
      for (const auto& words : {one.good, one.bad, one.good}) {
        ReceiveDescriptor* descriptor = bench.controller.NextReceive();
        ASSERT_NE(descriptor, nullptr);
        std::ranges::copy(words, descriptor->words);
      }
      bench.Poll();
      EXPECT_EQ(bench.receiver.frames.size(), 2);
    });
  }
}

TEST(IntelQueue, TellsTheDeviceOfSumsOnceForAllFramesAlike) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench;
    const TransmitRequest sums = {.checksum_begin = 34,
                                  .checksum_at = 50,
                                  .header_bytes = 0,
                                  .segment_bytes = 0};
    for (int i = 0; i < 2; ++i) {
      IOBufChain frame = ChainOf(std::string(60, 's'));
      ASSERT_TRUE(bench.queue->Transmit(frame, sums));
    }
    IOBufChain plain = ChainOf(std::string(60, 'p'));
    ASSERT_TRUE(bench.queue->Transmit(plain, {}));
    EXPECT_TRUE(bench.controller.Transmit().empty()) << "not before Flush";
    bench.queue->Flush();
    const auto sent = bench.controller.Transmit();
    ASSERT_EQ(sent.size(), 3u);
    ASSERT_TRUE(sent[0].context);
    EXPECT_EQ(sent[0].context->checksum_begin, 34);
    EXPECT_EQ(sent[0].context->checksum_at, 50);
    EXPECT_FALSE(sent[1].context);
    EXPECT_EQ(sent[1].options, kTransmitTransportChecksum);
    EXPECT_EQ(sent[2].options, 0);
    EXPECT_EQ(sent[2].bytes, std::string(60, 'p'));
  });
}

TEST(IntelQueue, TellsADeviceOfSeveralQueuesOfSumsWithEachFrame) {
  ebbrt::testing::RunOnCores(1, [] {
    Queue::Setup setup = kSetup;
    setup.shares_context = true;
    Bench bench(setup);
    for (int i = 0; i < 2; ++i) {
      IOBufChain frame = ChainOf(std::string(60, 's'));
      ASSERT_TRUE(bench.queue->Transmit(frame, {.checksum_begin = 34,
                                                .checksum_at = 50,
                                                .header_bytes = 0,
                                                .segment_bytes = 0}));
    }
    bench.queue->Flush();
    for (const auto& sent : bench.controller.Transmit()) {
      ASSERT_TRUE(sent.context);
      EXPECT_EQ(sent.context->checksum_at, 50);
    }
  });
}

TEST_P(IntelQueueTest, HasFramesCutAndLeavesTheirBuffersAsTheyWere) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench(GetParam());
    std::string headers(54, '\x11');
    IOBufChain frame = ChainOf(headers + "first");
    frame.PushBack(IOBuf::CopyOf(std::string(20000, 'p')));
    const auto kept = frame.Clone();
    ASSERT_TRUE(bench.queue->Transmit(frame, {.checksum_begin = 34,
                                              .checksum_at = 50,
                                              .header_bytes = 54,
                                              .segment_bytes = 1448}));
    bench.queue->Flush();
    const auto sent = bench.controller.Transmit();
    ASSERT_EQ(sent.size(), 1u);
    ASSERT_TRUE(sent[0].context);
    const auto& context = *sent[0].context;
    EXPECT_EQ(context.payload_bytes_and_command & 0xfffff, 20005u);
    EXPECT_EQ(context.header_bytes, 54);
    EXPECT_EQ(context.segment_bytes, 1448);
    EXPECT_EQ(context.ip_begin, 14);
    EXPECT_EQ(context.ip_checksum_at, 24);
    EXPECT_EQ(context.ip_last, 33);
    EXPECT_TRUE(sent[0].is_cut);
    // Length and sum of IP are the device's, and TCP's is of addresses and
    // protocol: four words of 0x1111, and 6.
    std::string expected = headers;
    expected.replace(16, 2, std::string(2, '\0'));
    expected.replace(24, 2, std::string(2, '\0'));
    expected.replace(50, 2, "\x44\x4a");
    EXPECT_EQ(sent[0].bytes.substr(0, 54), expected);
    EXPECT_EQ(sent[0].bytes.substr(54),
              "first" + std::string(20000, 'p'));
    EXPECT_EQ(kept->ToString().substr(0, 54), headers);
  });
}

TEST_P(IntelQueueTest, TellsWhenThereIsRoomAgain) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench(GetParam());
    IOBufChain frame;
    size_t taken = 0;
    for (;; ++taken) {
      frame = ChainOf("a frame of any length");
      if (!bench.queue->Transmit(frame, {})) break;
    }
    EXPECT_GE(taken, Queue::kRingSize / 2);
    EXPECT_EQ(frame.ToString(), "a frame of any length") << "still ours";
    EXPECT_EQ(bench.controller.Transmit().size(), taken);
    EXPECT_EQ(bench.receiver.readies, 0);
    bench.Poll();
    EXPECT_EQ(bench.receiver.readies, 1);
    EXPECT_TRUE(bench.queue->Transmit(frame, {}));
  });
}

TEST_P(IntelQueueTest, SurvivesWhateverTheDeviceWrites) {
  ebbrt::testing::RunOnCores(1, [] {
    Random random(ebbrt::testing::Seed());
    for (int round = 0; round < 30; ++round) {
      Bench bench(GetParam());
      bench.receiver.keeps = random.Chance(0.3);
      size_t whole = 0;
      for (int step = 0; step < 1000; ++step) {
        const FakeController::Filled done = {
            .bytes = static_cast<uint16_t>(
                random.Chance(0.1) ? random() : random.Below(2100)),
            .status = static_cast<uint8_t>(random() | kReceiveDone),
            .errors = static_cast<uint8_t>(random.Chance(0.8) ? 0 : random())};
        if (!bench.controller.Receive("", done)) break;
        whole += (done.status & kReceiveEndOfFrame) != 0;
        if (random.Chance(0.1)) bench.Poll();
      }
      bench.Poll();
      EXPECT_GT(bench.receiver.frames.size(), 0u);
      EXPECT_LE(bench.receiver.frames.size(), whole);
      for (const std::string& frame : bench.receiver.frames) {
        EXPECT_GE(frame.size(), 14u);
        EXPECT_LE(frame.size(), ReceivePool::kBufferBytes);
      }
    }
  });
}

}  // namespace
}  // namespace ebbrt::platform::intel
