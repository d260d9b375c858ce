#include "platform/baremetal/intel/queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/event/event_loop.h"
#include "core/testing/run_on_cores.h"
#include "core/testing/seed.h"
#include "platform/baremetal/intel/registers.h"

namespace ebbrt::platform::intel {
namespace {

constexpr uint32_t kQueueCauses = kCauseReceived | kCauseTransmitted;
constexpr uint32_t kBuffers = 300;

// A controller whose registers are memory; the test has it do its work.
class FakeController {
 public:
  FakeController() : memory_(kRegisterBytes) {}
  Registers registers() { return Registers(std::span(memory_)); }

  // Fills in the next receive descriptor as `done` says (but for the address);
  // false if there is none.
  bool Receive(const std::string& frame, ReceiveDescriptor done) {
    const uint32_t tail = Read(kReceiveRing + kRingTail);
    if (receive_head_ == tail) return false;
    auto& descriptor =
        Ring<ReceiveDescriptor>(kReceiveRing)[receive_head_++];
    receive_head_ %= Queue::kRingSize;
    std::memcpy(reinterpret_cast<void*>(descriptor.address), frame.data(),
                std::min(frame.size(), ReceivePool::kBufferBytes));
    done.address = descriptor.address;
    descriptor = done;
    return true;
  }
  bool Receive(const std::string& frame) {
    return Receive(frame, {.address = 0,
                           .bytes = static_cast<uint16_t>(frame.size()),
                           .checksum = 0,
                           .status = kReceiveDone | kReceiveEndOfFrame,
                           .errors = 0,
                           .vlan = 0});
  }

  struct Sent {
    std::string bytes;
    uint8_t options = 0;
    bool is_cut = false;
    std::optional<TransmitDescriptor::Context> context;  // If a new one came.
  };
  // All that has been handed over.
  std::vector<Sent> Transmit() {
    std::vector<Sent> all;
    Sent sent;
    for (; transmit_head_ != Read(kTransmitRing + kRingTail);
         transmit_head_ = (transmit_head_ + 1) % Queue::kRingSize) {
      auto& descriptor =
          Ring<TransmitDescriptor>(kTransmitRing)[transmit_head_];
      const uint32_t command = descriptor.data.bytes_and_command;
      EBBRT_CHECK((command & kTransmitExtended) != 0);
      if ((command & kTransmitIsData) != kTransmitIsData) {
        sent.context = descriptor.context;
        continue;
      }
      sent.bytes.append(reinterpret_cast<const char*>(descriptor.data.address),
                        command & 0xfffff);
      sent.options = descriptor.data.options;
      sent.is_cut = (command & kTransmitSegment) != 0;
      if ((command & kTransmitEndOfFrame) == 0) continue;
      EBBRT_CHECK((command & kTransmitReport) != 0);
      descriptor.data.status = kTransmitDone;
      all.push_back(std::exchange(sent, {}));
    }
    return all;
  }

 private:
  uint32_t Read(size_t offset) {
    return registers().Read<uint32_t>(offset);
  }
  template <typename T>
  T* Ring(size_t ring) {
    return reinterpret_cast<T*>(
        Read(ring + kRingAddressLow) |
        uint64_t{Read(ring + kRingAddressHigh)} << 32);
  }

  std::vector<std::byte> memory_;
  uint32_t receive_head_ = 0;
  uint32_t transmit_head_ = 0;
};

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
  Bench() {
    auto made = Queue::Create(controller.registers(), kQueueCauses, kBuffers);
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

TEST(IntelQueue, ReceivesFramesRoundTheRing) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench;
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

TEST(IntelQueue, GivesADeviceAllButOneOfItsRing) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench;
    uint32_t count = 0;
    while (bench.controller.Receive(std::string(60, 'x'))) ++count;
    EXPECT_EQ(count, Queue::kRingSize - 1);
  });
}

TEST(IntelQueue, BelievesChecksumsThatWereLookedAt) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench;
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
      ASSERT_TRUE(bench.controller.Receive(std::string(60, 'x'),
                                           {.address = 0,
                                            .bytes = 60,
                                            .checksum = 0,
                                            .status = one.status,
                                            .errors = one.errors,
                                            .vlan = 0}));
      expected.push_back(one.good);
    }
    bench.Poll();
    EXPECT_EQ(bench.receiver.good, expected);
  });
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

TEST(IntelQueue, HasFramesCutAndLeavesTheirBuffersAsTheyWere) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench;
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

TEST(IntelQueue, TellsWhenThereIsRoomAgain) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench;
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

TEST(IntelQueue, SurvivesWhateverTheDeviceWrites) {
  ebbrt::testing::RunOnCores(1, [] {
    Random random(ebbrt::testing::Seed());
    for (int round = 0; round < 30; ++round) {
      Bench bench;
      bench.receiver.keeps = random.Chance(0.3);
      size_t whole = 0;
      for (int step = 0; step < 1000; ++step) {
        const ReceiveDescriptor done = {
            .address = 0,
            .bytes = static_cast<uint16_t>(
                random.Chance(0.1) ? random() : random.Below(2100)),
            .checksum = static_cast<uint16_t>(random()),
            .status = static_cast<uint8_t>(random() | kReceiveDone),
            .errors = static_cast<uint8_t>(random.Chance(0.8) ? 0 : random()),
            .vlan = 0};
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
