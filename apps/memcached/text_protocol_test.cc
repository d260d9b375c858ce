#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "apps/memcached/session_harness.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::memcached {
namespace {

using ebbrt::testing::RunOnCores;

struct Exchange {
  std::string_view requests;
  std::string_view replies;
};

// Each is one conversation with an empty server.
constexpr Exchange kExchanges[] = {
    // Storing and reading.
    {"set a 5 0 3\r\nabc\r\nget a\r\ngets a\r\nget b\r\n",
     "STORED\r\nVALUE a 5 3\r\nabc\r\nEND\r\nVALUE a 5 3 1\r\nabc\r\nEND\r\n"
     "END\r\n"},
    {"set a 0 0 0\r\n\r\nget a\r\n", "STORED\r\nVALUE a 0 0\r\n\r\nEND\r\n"},
    {"add a 0 0 1\r\n1\r\nadd a 0 0 1\r\n2\r\nget a\r\n",
     "STORED\r\nNOT_STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n"},
    {"replace a 0 0 1\r\n1\r\nset a 0 0 1\r\n1\r\nreplace a 0 0 1\r\n2\r\n"
     "get a\r\n",
     "NOT_STORED\r\nSTORED\r\nSTORED\r\nVALUE a 0 1\r\n2\r\nEND\r\n"},
    {"append a 0 0 1\r\n1\r\nset a 7 0 2\r\nbc\r\nappend a 0 0 1\r\nd\r\n"
     "prepend a 0 0 1\r\na\r\nget a\r\n",
     "NOT_STORED\r\nSTORED\r\nSTORED\r\nSTORED\r\nVALUE a 7 4\r\nabcd\r\n"
     "END\r\n"},
    {"cas a 0 0 1 1\r\n1\r\nset a 0 0 1\r\n1\r\ncas a 0 0 1 9\r\n2\r\n"
     "cas a 0 0 1 1\r\n2\r\ngets a\r\n",
     "NOT_FOUND\r\nSTORED\r\nEXISTS\r\nSTORED\r\nVALUE a 0 1 2\r\n2\r\n"
     "END\r\n"},
    {"set a 0 0 1\r\n1\r\nset b 0 0 1\r\n2\r\nget a x b\r\n",
     "STORED\r\nSTORED\r\nVALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n2\r\nEND\r\n"},
    {"set a 0 0 1\r\n1\r\ndelete a\r\ndelete a\r\nget a\r\n",
     "STORED\r\nDELETED\r\nNOT_FOUND\r\nEND\r\n"},
    {"set a 0 0 2\r\n10\r\nincr a 5\r\ndecr a 10\r\nget a\r\ndecr a 100\r\n"
     "incr b 1\r\n",
     "STORED\r\n15\r\n5\r\nVALUE a 0 2\r\n5 \r\nEND\r\n0\r\nNOT_FOUND\r\n"},
    {"set a 0 0 20\r\n18446744073709551615\r\nincr a 2\r\n",
     "STORED\r\n1\r\n"},
    {"touch a 10\r\nset a 0 0 1\r\n1\r\ntouch a 10\r\ngat 10 a\r\n",
     "NOT_FOUND\r\nSTORED\r\nTOUCHED\r\nVALUE a 0 1\r\n1\r\nEND\r\n"},
    {"set a 0 0 1\r\n1\r\nflush_all\r\nget a\r\nset a 0 0 1\r\n2\r\nget a\r\n",
     "STORED\r\nOK\r\nEND\r\nSTORED\r\nVALUE a 0 1\r\n2\r\nEND\r\n"},
    {"verbosity 1\r\nverbosity\r\n", "OK\r\nERROR\r\n"},
    {"stats settings x\r\n", "STAT "},
    // noreply.
    {"set a 0 0 1 noreply\r\n1\r\nadd a 0 0 1 noreply\r\n2\r\n"
     "incr a 1 noreply\r\ndelete b noreply\r\ntouch a 0 noreply\r\n"
     "verbosity 1 noreply\r\nget a\r\nflush_all noreply\r\nget a\r\n",
     "VALUE a 0 1\r\n2\r\nEND\r\nEND\r\n"},
    // Line ends, spaces.
    {"  get   a  \r\nget a\n", "END\r\nEND\r\n"},
    // Errors, and that the stream goes on.
    {"\r\nx\r\nget\r\nfoo bar\r\nget a\r\n",
     "ERROR\r\nERROR\r\nERROR\r\nERROR\r\nEND\r\n"},
    {"set a 0 0\r\nset a x 0 1\r\nset a 0 0 -1\r\nget a\r\n",
     "ERROR\r\nCLIENT_ERROR bad command line format\r\n"
     "CLIENT_ERROR bad command line format\r\nEND\r\n"},
    {"set a 0 0 1\r\nabcget a\r\n",
     "CLIENT_ERROR bad data chunk\r\nEND\r\n"},
    {"set a 0 0 1\r\nx\r\nincr a 1\r\nincr a x\r\ntouch a x\r\n",
     "STORED\r\nCLIENT_ERROR cannot increment or decrement non-numeric value"
     "\r\nCLIENT_ERROR invalid numeric delta argument\r\n"
     "CLIENT_ERROR invalid exptime argument\r\n"},
    {"quit\r\nget a\r\n", ""},
    // Expired at once.
    {"set a 0 -1 1\r\n1\r\nget a\r\n", "STORED\r\nEND\r\n"},
    // Meta commands.
    {"mn\r\nmg a v\r\nmg a v q\r\nms a 2 T0 F5 c\r\nhi\r\nmg a v f s c t k "
     "Oabc\r\n",
     "MN\r\nEN\r\nHD c1\r\nVA 2 f5 s2 c1 t-1 ka Oabc\r\nhi\r\n"},
    {"ms a 1 q\r\n1\r\nmg a\r\nmg a h\r\nmg a h u\r\n",
     "HD\r\nHD h1\r\nHD h1\r\n"},
    {"mg a N30 v t\r\nmg a N30 v\r\nms a 1\r\n1\r\nmg a v\r\n",
     "VA 0 t30 W\r\n\r\nVA 0 Z\r\n\r\nHD\r\nVA 1\r\n1\r\n"},
    {"ms a 1\r\n1\r\nmd a I T30\r\nmg a v c t\r\nmg a v\r\nms a 1 I C1\r\n2\r\n"
     "mg a v\r\n",
     "HD\r\nHD\r\nVA 1 c2 t30 X W\r\n1\r\nVA 1 Z X\r\n1\r\n"
     "HD\r\nVA 1 Z X\r\n2\r\n"},
    {"ms a 1 ME\r\n1\r\nms a 1 ME\r\n2\r\nms a 1 MA\r\n3\r\nms a 1 MP\r\n0\r\n"
     "mg a v\r\nms b 1 MR\r\n1\r\nms a 1 C77\r\n1\r\nms a 1 MX\r\n1\r\n",
     "HD\r\nNS\r\nHD\r\nHD\r\nVA 3\r\n013\r\nNS\r\nEX\r\n"
     "CLIENT_ERROR invalid mode for ms M token\r\n"},
    {"ma a\r\nma a N0 J13 v\r\nma a v\r\nma a MD D4 v c\r\nma a C1\r\n",
     "NF\r\nVA 2\r\n13\r\nVA 2\r\n14\r\nVA 2 c3\r\n10\r\nEX\r\n"},
    {"ms Zm9v 1 b\r\n1\r\nmg foo v k\r\nmg Zm9v b k\r\nmd Zm9v b k\r\n",
     "HD\r\nVA 1 kZm9v b\r\n1\r\nHD kZm9v b\r\nHD kZm9v b\r\n"},
    {"me a\r\nms a 1\r\n1\r\nme a\r\n",
     "EN\r\nHD\r\nME a exp=-1 la=0 cas=1 fetch=no cls=1 size=96\r\n"},
    {"mg a !\r\nmg a v v\r\nms a 1 !\r\n1\r\nms a x\r\nmg\r\n",
     "CLIENT_ERROR invalid flag\r\nCLIENT_ERROR duplicate flag\r\n"
     "CLIENT_ERROR invalid flag\r\nCLIENT_ERROR bad command line format\r\n"
     "ERROR\r\n"},
};

TEST(TextProtocolTest, RepliesAsItShould) {
  RunOnCores(1, [] {
    for (const Exchange& exchange : kExchanges) {
      SessionHarness harness;
      std::string replies = harness.Serve(exchange.requests);
      if (exchange.replies == "STAT ") {
        EXPECT_TRUE(replies.starts_with("STAT ")) << exchange.requests;
        EXPECT_TRUE(replies.ends_with("END\r\n"));
        continue;
      }
      EXPECT_EQ(replies, exchange.replies) << exchange.requests;
    }
  });
}

TEST(TextProtocolTest, CutsDoNotMatter) {
  RunOnCores(1, [] {
    for (const Exchange& exchange : kExchanges) {
      SessionHarness whole;
      std::string expected = whole.Serve(exchange.requests);
      for (size_t piece : {1, 2, 3, 5, 7, 11}) {
        SessionHarness harness;
        EXPECT_EQ(harness.Serve(exchange.requests, piece), expected)
            << "pieces of " << piece << ": " << exchange.requests;
      }
      for (size_t cut = 1; cut < exchange.requests.size(); ++cut) {
        SessionHarness harness;
        std::string replies = harness.Serve(exchange.requests.substr(0, cut));
        replies += harness.Serve(exchange.requests.substr(cut));
        EXPECT_EQ(replies, expected)
            << "cut at " << cut << ": " << exchange.requests;
      }
    }
  });
}

TEST(TextProtocolTest, BoundsKeysAndValues) {
  RunOnCores(1, [] {
    SessionHarness harness;
    std::string key(250, 'k');
    EXPECT_EQ(harness.Serve("set " + key + " 0 0 1\r\n1\r\n"), "STORED\r\n");
    EXPECT_EQ(harness.Serve("get " + key + "k\r\n"),
              "CLIENT_ERROR bad command line format\r\n");
    EXPECT_EQ(harness.Serve("get " + key + " " + key + "k\r\n"),
              "CLIENT_ERROR bad command line format\r\n");
    std::string large(2 << 20, 'x');
    // The value is dropped, and what the key had is gone.
    EXPECT_EQ(harness.Serve("set " + key + " 0 0 " +
                            std::to_string(large.size()) + "\r\n" + large +
                            "\r\nget " + key + "\r\n"),
              "SERVER_ERROR object too large for cache\r\nEND\r\n");
  });
}

TEST(TextProtocolTest, ServesALongLineOfKeysPieceByPiece) {
  RunOnCores(1, [] {
    for (size_t piece : {1u, 1000u, 1u << 20}) {
      SessionHarness harness;
      ASSERT_EQ(harness.Serve("set a 0 0 1\r\n1\r\n"), "STORED\r\n");
      std::string request = "get";
      std::string expected;
      for (int i = 0; i < 2000; ++i) {
        request += i % 3 == 0 ? " a" : " missing" + std::to_string(i);
        if (i % 3 == 0) expected += "VALUE a 0 1\r\n1\r\n";
      }
      request += "\r\nget a\r\n";
      expected += "END\r\nVALUE a 0 1\r\n1\r\nEND\r\n";
      EXPECT_EQ(harness.Serve(request, piece), expected);
    }
  });
}

TEST(TextProtocolTest, RefusesALongKeyWithinALongLine) {
  RunOnCores(1, [] {
    for (size_t piece : {1u, 1000u, 1u << 20}) {
      SessionHarness harness;
      std::string request = "get";
      for (int i = 0; i < 1000; ++i) request += " key";
      request += " " + std::string(3000, 'k') + " more keys\r\nmn\r\n";
      EXPECT_EQ(harness.Serve(request, piece),
                "CLIENT_ERROR bad command line format\r\nMN\r\n");
    }
  });
}

TEST(TextProtocolTest, ClosesOnALineWithoutEnd) {
  RunOnCores(1, [] {
    for (size_t piece : {1u, 1u << 20}) {
      SessionHarness harness;
      EXPECT_EQ(harness.Serve(std::string(3000, 'x'), piece), "");
      EXPECT_TRUE(harness.closing());
    }
  });
}

TEST(TextProtocolTest, ItemsExpire) {
  RunOnCores(1, [] {
    SessionHarness harness;
    harness.SetNow(100);
    harness.Serve("set a 0 10 1\r\n1\r\nset b 0 0 1\r\n2\r\n");
    // The same second, as Unix time.
    harness.Serve("set c 0 " +
                  std::to_string(harness.clock().unix_origin + 110) +
                  " 1\r\n3\r\n");
    harness.SetNow(109);
    EXPECT_EQ(harness.Serve("mg a t\r\nmg b t\r\nmg c t\r\n"),
              "HD t1\r\nHD t-1\r\nHD t1\r\n");
    harness.SetNow(110);
    EXPECT_EQ(harness.Serve("get a b c\r\n"), "VALUE b 0 1\r\n2\r\nEND\r\n");
    EXPECT_EQ(harness.store().figures().items, 1u);
    EXPECT_EQ(harness.Serve("touch b 5\r\n"), "TOUCHED\r\n");
    harness.SetNow(115);
    EXPECT_EQ(harness.Serve("get b\r\n"), "END\r\n");
  });
}

TEST(TextProtocolTest, FlushWithDelay) {
  RunOnCores(1, [] {
    SessionHarness harness;
    harness.SetNow(100);
    EXPECT_EQ(harness.Serve("set a 0 0 1\r\n1\r\nflush_all 5\r\nget a\r\n"),
              "STORED\r\nOK\r\nVALUE a 0 1\r\n1\r\nEND\r\n");
    harness.SetNow(104);
    EXPECT_EQ(harness.Serve("set b 0 0 1\r\n1\r\nget a\r\n"),
              "STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n");
    harness.SetNow(105);
    EXPECT_EQ(harness.Serve("get a b\r\nset a 0 0 1\r\n2\r\nget a\r\n"),
              "END\r\nSTORED\r\nVALUE a 0 1\r\n2\r\nEND\r\n");
  });
}

TEST(TextProtocolTest, StatisticsAreTrue) {
  RunOnCores(1, [] {
    SessionHarness harness;
    harness.Serve(
        "set a 0 0 1\r\n1\r\nset a 0 0 1\r\n1\r\nset b 0 0 1\r\n1\r\n"
        "get a\r\nget a\r\nget x\r\ndelete b\r\ndelete b\r\nincr a 1\r\n"
        "touch a 0\r\ntouch x 0\r\ncas a 0 0 1 1\r\n1\r\n");
    std::string stats = harness.Serve("stats\r\n");
    for (std::string_view row :
         {"curr_items 1", "total_items 3", "cmd_set 4", "cmd_get 3",
          "get_hits 2", "get_misses 1", "delete_hits 1", "delete_misses 1",
          "incr_hits 1", "touch_hits 1", "touch_misses 1", "cas_badval 1",
          "evictions 0", "threads 1", "limit_maxbytes 67108864",
          "bytes 96"}) {
      EXPECT_NE(stats.find("STAT " + std::string(row) + "\r\n"),
                std::string::npos)
          << row << " in " << stats;
    }
    EXPECT_EQ(harness.Serve("stats reset\r\n"), "RESET\r\n");
    stats = harness.Serve("stats\r\n");
    EXPECT_NE(stats.find("STAT get_hits 0\r\n"), std::string::npos);
    EXPECT_NE(stats.find("STAT curr_items 1\r\n"), std::string::npos);
  });
}

}  // namespace
}  // namespace ebbrt::memcached
