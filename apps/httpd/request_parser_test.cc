#include "apps/httpd/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/testing/seed.h"

namespace ebbrt::httpd {
namespace {

using Event = RequestParser::Event;

constexpr ParserLimits kLimits = {.head_bytes_max = 300,
                                  .content_bytes_max = 100};

const char* NameOf(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kOther:
      return "other";
    case Method::kUnknown:
      break;
  }
  return "unknown";
}

// All that a parser makes of a stream which comes in pieces, as text:
// "GET /path keep; 400;", and at the end "..." if it is within a request.
template <typename PieceBytes>
std::string ParsePieces(std::string_view stream, PieceBytes piece_bytes) {
  RequestParser parser(kLimits);
  std::string events;
  while (!stream.empty()) {
    std::string_view piece = stream.substr(0, piece_bytes());
    stream.remove_prefix(piece.size());
    while (!piece.empty()) {
      Event event = parser.Parse(piece);
      if (event == Event::kError) {
        return events + std::to_string(static_cast<int>(parser.error())) + ";";
      }
      if (event == Event::kMore) {
        EXPECT_TRUE(piece.empty());
        continue;
      }
      const Request& request = parser.request();
      events += std::string(NameOf(request.method)) + " " + request.path +
                (request.keep_alive ? " keep" : " close") +
                (request.is_http_1_0 ? " 1.0; " : "; ");
    }
  }
  return parser.is_between_requests() ? events : events + "...";
}

std::string Parse(std::string_view stream) {
  return ParsePieces(stream, [&] { return stream.size(); });
}

TEST(RequestParser, ReadsARequest) {
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "GET / keep; ");
  EXPECT_EQ(Parse("HEAD /a/b?c=d HTTP/1.1\r\nhOSt:a\r\nAccept: */*\r\n\r\n"),
            "HEAD /a/b keep; ");
  EXPECT_EQ(Parse("GET / HTTP/1.1\nHost: a\n\n"), "GET / keep; ")
      << "a line may end without a carriage return";
  EXPECT_EQ(Parse("\r\n\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n"), "GET / keep; ");
  EXPECT_EQ(Parse("GET / HTTP/1.7\r\nHost: a\r\n\r\n"), "GET / keep; ");
}

TEST(RequestParser, KnowsMethods) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "TRACE"}) {
    EXPECT_EQ(Parse(std::string(method) + " /a HTTP/1.1\r\nHost: a\r\n\r\n"),
              "other  keep; ");
  }
  EXPECT_EQ(Parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "other  keep; ");
  EXPECT_EQ(Parse("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), "other  keep; ");
  EXPECT_EQ(Parse("get / HTTP/1.1\r\nHost: a\r\n\r\n"), "unknown  keep; ");
  EXPECT_EQ(Parse("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), "unknown  keep; ");
}

TEST(RequestParser, SaysWhetherTheConnectionIsKept) {
  auto with = [](std::string_view version, std::string_view header) {
    return Parse("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" +
                 std::string(header) + "\r\n");
  };
  EXPECT_EQ(with("1.1", "Connection: close\r\n"), "GET / close; ");
  EXPECT_EQ(with("1.1", "connection: TE , CLOSE\r\n"), "GET / close; ");
  EXPECT_EQ(with("1.1", "Connection: closed\r\n"), "GET / keep; ");
  EXPECT_EQ(with("1.0", ""), "GET / close 1.0; ");
  EXPECT_EQ(with("1.0", "Connection: Keep-Alive\r\n"), "GET / keep 1.0; ");
  EXPECT_EQ(with("1.0", "Connection: keep-alive, close\r\n"),
            "GET / close 1.0; ");
}

TEST(RequestParser, DecodesPaths) {
  auto path = [](std::string_view target) {
    return Parse("GET " + std::string(target) + " HTTP/1.0\r\n\r\n");
  };
  EXPECT_EQ(path("/%61%2fb%20c"), "GET /a/b c close 1.0; ");
  EXPECT_EQ(path("http://host/a?b"), "GET /a close 1.0; ");
  EXPECT_EQ(path("HTTPS://host:1"), "GET / close 1.0; ");
  EXPECT_EQ(path("http://host?a/b"), "GET / close 1.0; ");
  for (const char* wrong : {"a", "*", "/%", "/%2", "/%g0", "/a#b", "http://",
                            "http:///a", "ftp://a/", "/a b", "/\x01", "/%+1"}) {
    EXPECT_EQ(path(wrong), "400;") << wrong;
  }
}

TEST(RequestParser, RefusesWhatIsNoRequest) {
  for (const char* line :
       {"GET", "GET /", "GET / ", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
        "GET / HTTP/11", "GET / http/1.1", "GET / HTTP/1.1x", "G@T / HTTP/1.1",
        "GET  / HTTP/1.1", "\x16\x03\x01", "GET\t/\tHTTP/1.1"}) {
    EXPECT_EQ(Parse(std::string(line) + "\r\nHost: a\r\n\r\n"), "400;") << line;
  }
  EXPECT_EQ(Parse("GET / HTTP/2.0\r\n"), "505;");
  EXPECT_EQ(Parse("PRI * HTTP/2.0\r\n"), "505;");
  for (const char* header :
       {"Host", "Host : a", " Host: a", ": a", "Ho st: a", "A: b\r\n  c",
        "A: \x01", "A: b\rc", "A: \x7f", "Host: a\r\nHost: a", "A: b"}) {
    EXPECT_EQ(
        Parse("GET / HTTP/1.1\r\n" + std::string(header) + "\r\n\r\n"), "400;")
        << header;
  }
}

TEST(RequestParser, SkipsContent) {
  const std::string then = "GET /then HTTP/1.1\r\nHost: a\r\n\r\n";
  auto content = [&then](std::string_view header, std::string_view content) {
    return Parse("PUT / HTTP/1.1\r\nHost: a\r\n" + std::string(header) +
                 "\r\n\r\n" + std::string(content) + then);
  };
  const std::string kept = "other  keep; GET /then keep; ";
  EXPECT_EQ(content("Content-Length: 5", "GET /"), kept);
  EXPECT_EQ(content("Content-Length: 0", ""), kept);
  EXPECT_EQ(content("Transfer-Encoding: chunked", "0\r\n\r\n"), kept);
  EXPECT_EQ(content("Transfer-Encoding: Chunked",
                    "3;a=b\r\nGET\r\nA \r\n0123456789\r\n00\r\nT: v\r\n\r\n"),
            kept);
}

TEST(RequestParser, RefusesContentOfUnknownEnd) {
  auto header = [](std::string_view header) {
    return Parse("PUT / HTTP/1.1\r\nHost: a\r\n" + std::string(header) +
                 "\r\n\r\n");
  };
  for (const char* wrong :
       {"Content-Length: -1", "Content-Length: +1", "Content-Length: 1 1",
        "Content-Length: ", "Content-Length: 0x1", "Content-Length: 1, 1",
        "Content-Length: 99999999999999999999",
        "Content-Length: 9223372036854775808",
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length: 1\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"}) {
    EXPECT_EQ(header(wrong), "400;") << wrong;
  }
  EXPECT_EQ(header("Transfer-Encoding: gzip, chunked"), "501;");
  EXPECT_EQ(Parse("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "400;");
  auto chunks = [](std::string_view chunks) {
    return Parse("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
                 "\r\n\r\n" + std::string(chunks));
  };
  for (const char* wrong : {"\r\n", "g\r\n", "-1\r\n", "1\r\nab\r\n",
                            ";a\r\n", "fffffffffffffffff\r\n"}) {
    EXPECT_EQ(chunks(wrong), "other  keep; 400;") << wrong;
  }
}

TEST(RequestParser, KeepsToItsLimits) {
  auto padded = [](size_t bytes) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nA: \r\n\r\n";
    head.insert(head.size() - 4, std::string(bytes - head.size(), 'a'));
    return head;
  };
  EXPECT_EQ(Parse(padded(kLimits.head_bytes_max)), "GET / keep; ");
  EXPECT_EQ(Parse(padded(kLimits.head_bytes_max + 1)), "431;");
  EXPECT_EQ(Parse("GET /" + std::string(kLimits.head_bytes_max, 'a')), "414;");
  EXPECT_EQ(Parse(std::string(2 * kLimits.head_bytes_max, '\n')), "414;")
      << "empty lines have a bound too";
  // Each request has the limit for itself.
  EXPECT_EQ(Parse(padded(200) + padded(200)), "GET / keep; GET / keep; ");
  const std::string put = "PUT / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(Parse(put + "Content-Length: 100\r\n\r\n"), "other  keep; ...");
  EXPECT_EQ(Parse(put + "Content-Length: 101\r\n\r\n"), "413;");
  const std::string chunked = put + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Parse(chunked + "65\r\n"), "other  keep; 413;");
  EXPECT_EQ(Parse(chunked + "60\r\n" + std::string(0x60, 'a') + "\r\n1\r\n"),
            "other  keep; 413;")
      << "the framing counts";
  EXPECT_EQ(Parse(chunked + "0\r\n" + std::string(100, 'a')),
            "other  keep; 413;");
}

TEST(RequestParser, CutsChangeNothing) {
  const std::string stream =
      "GET /a HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
      "\r\nPOST / HTTP/1.1\nHost: a\nContent-Length: 20\n\n01234567890123456789"
      "HEAD /%62?c HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
      "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "10;x\r\n0123456789abcdef\r\n1\r\n\n\r\n0\r\nTrailer: a\r\n\r\n"
      "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n";
  const std::string whole = Parse(stream);
  ASSERT_EQ(whole,
            "GET /a keep; other  keep; HEAD /b keep 1.0; other  keep; "
            "GET /last close; 400;");
  for (size_t bytes = 1; bytes < 80; ++bytes) {
    EXPECT_EQ(ParsePieces(stream, [bytes] { return bytes; }), whole);
  }
  Random random(ebbrt::testing::Seed());
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(ParsePieces(stream, [&] { return 1 + random.Below(60); }), whole);
  }
}

TEST(RequestParser, NothingComesAfterAnError) {
  RequestParser parser(kLimits);
  std::string_view bytes = "nonsense\r\nGET / HTTP/1.0\r\n\r\n";
  EXPECT_EQ(parser.Parse(bytes), Event::kError);
  EXPECT_EQ(parser.Parse(bytes), Event::kError);
  EXPECT_EQ(parser.error(), Status::kBadRequest);
  EXPECT_FALSE(parser.is_between_requests());
}

}  // namespace
}  // namespace ebbrt::httpd
