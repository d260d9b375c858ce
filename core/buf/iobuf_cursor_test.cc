#include "core/buf/iobuf_cursor.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string_view>
#include <utility>

#include "core/buf/iobuf_chain.h"

namespace ebbrt {
namespace {

constexpr std::string_view kBytes =
    "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";

// kBytes, cut in two at `cut`.
IOBufChain CutAt(size_t cut) {
  IOBufChain chain;
  chain.PushBack(IOBuf::Static(kBytes.substr(0, cut)));
  chain.PushBack(IOBuf::Static(kBytes.substr(cut)));
  return chain;
}

TEST(IOBufCursor, ReadsNetworkOrderWhateverTheCuts) {
  for (size_t cut = 0; cut <= kBytes.size(); ++cut) {
    IOBufChain chain = CutAt(cut);
    IOBufCursor cursor(chain);
    EXPECT_EQ(cursor.Read8(), 0x01u);
    EXPECT_EQ(cursor.Read16(), 0x0203u);
    EXPECT_EQ(cursor.Read32(), 0x04050607u);
    EXPECT_EQ(cursor.remaining(), 8u);
    EXPECT_EQ(cursor.Read64(), 0x08090a0b0c0d0e0fu);
    EXPECT_EQ(cursor.remaining(), 0u);
    EXPECT_FALSE(cursor.failed());
    EXPECT_EQ(cursor.Read8(), 0u);
    EXPECT_TRUE(cursor.failed());
  }
}

TEST(IOBufCursor, FailsOnceAndForAll) {
  IOBufChain chain = CutAt(7);
  IOBufCursor cursor(chain);
  cursor.Skip(14);
  EXPECT_EQ(cursor.Read16(), 0u) << "one byte is not enough";
  EXPECT_TRUE(cursor.failed());
  EXPECT_EQ(cursor.Read8(), 0u) << "also for a read that would have fitted";
  EXPECT_EQ(cursor.remaining(), 0u);
  EXPECT_TRUE(cursor.Contiguous().empty());
}

TEST(IOBufCursor, SkipsToTheEndAndNotBeyond) {
  IOBufChain chain = CutAt(7);
  IOBufCursor cursor(chain);
  cursor.Skip(7);
  EXPECT_EQ(cursor.Contiguous().size(), 8u) << "at the next buffer's start";
  cursor.Skip(8);
  EXPECT_FALSE(cursor.failed());
  cursor.Skip(0);
  EXPECT_FALSE(cursor.failed());
  cursor.Skip(1);
  EXPECT_TRUE(cursor.failed());
}

TEST(IOBufCursor, ACopyLooksAhead) {
  IOBufChain chain = CutAt(1);
  IOBufCursor cursor(chain);
  IOBufCursor ahead = cursor;
  EXPECT_EQ(ahead.Read32(), 0x01020304u);
  EXPECT_EQ(cursor.Read8(), 0x01u);
}

TEST(IOBufCursor, OfAnEmptyChainHasNothing) {
  IOBufChain chain;
  IOBufCursor cursor(chain);
  EXPECT_EQ(cursor.remaining(), 0u);
  cursor.Read({});
  EXPECT_FALSE(cursor.failed());
  EXPECT_EQ(cursor.Read64(), 0u);
  EXPECT_TRUE(cursor.failed());
}

}  // namespace
}  // namespace ebbrt
