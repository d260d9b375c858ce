#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "apps/httpd/http.h"
#include "apps/httpd/request_parser.h"
#include "apps/httpd/responder.h"
#include "apps/httpd/site.h"
#include "core/buf/iobuf_chain.h"

namespace ebbrt::httpd {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// 1994-11-06 08:49:37, of RFC 9110's example.
constexpr seconds kExample{784111777};
constexpr std::string_view kExampleDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::shared_ptr<const Configuration> Read(const json& parameters) {
  auto configuration = ReadConfiguration(parameters);
  EXPECT_TRUE(configuration.ok()) << configuration.status();
  return *configuration;
}

void ExpectRefused(const json& parameters, const std::string& message) {
  auto configuration = ReadConfiguration(parameters);
  ASSERT_FALSE(configuration.ok()) << parameters;
  EXPECT_EQ(configuration.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(configuration.status().message()).find(message),
            std::string::npos)
      << configuration.status();
}

std::string Get(Responder& responder, const std::string& path,
                Request request = {.keep_alive = true}) {
  request.path = path;
  Status status = Status::kBadRequest;
  IOBufChain response;
  EXPECT_TRUE(responder.Respond(request, status, response));
  std::string text = response.ToString();
  EXPECT_TRUE(text.starts_with(
      "HTTP/1.1 " + std::to_string(static_cast<int>(status)) + " "));
  return text;
}

TEST(Site, HasAPageByDefault) {
  auto configuration = Read(json::object());
  const Site& site = configuration->site;
  EXPECT_EQ(site.page(site.PageOf("/")).status, Status::kOk);
  EXPECT_EQ(site.page(site.PageOf("/a")).status, Status::kNotFound);
  EXPECT_EQ(site.page(site.PageOf(Status::kHeadTooLarge)).status,
            Status::kHeadTooLarge);
  EXPECT_EQ(configuration->settings.endpoint.ToString(), "0.0.0.0:8080");
}

TEST(Site, HasThePagesItIsGiven) {
  auto configuration = Read({{"address", "127.0.0.1"},
                             {"port", 0},
                             {"head_bytes_max", 100},
                             {"idle_timeout_s", 2},
                             {"pages",
                              {{{"path", "/a"}, {"body", "text"}},
                               {{"path", "/b"}, {"bytes", 200}},
                               {{"path", "/c"}, {"body", ""}}}}});
  const Site& site = configuration->site;
  EXPECT_EQ(site.page(site.PageOf("/")).status, Status::kNotFound);
  EXPECT_EQ(site.page(site.PageOf("/a")).body->text(), "text");
  EXPECT_EQ(site.page(site.PageOf("/c")).length(), 0u);
  std::string_view filling = site.page(site.PageOf("/b")).body->text();
  EXPECT_EQ(filling.size(), 200u);
  EXPECT_EQ(filling.substr(0, 3), "0..");
  EXPECT_EQ(filling.substr(63, 6), "\n64...");
  EXPECT_EQ(filling.substr(192), "192.....");
  EXPECT_EQ(configuration->settings.limits.head_bytes_max, 100u);
  EXPECT_EQ(configuration->settings.idle_timeout, seconds(2));
}

TEST(Site, SaysWhichParameterIsWrong) {
  ExpectRefused({{"port", 65536}}, "parameters.port: found 65536");
  ExpectRefused({{"adress", "::1"}}, "the nearest is \"address\"");
  ExpectRefused({{"address", "here"}}, "parameters.address");
  ExpectRefused({{"idle_timeout_s", 0}}, "parameters.idle_timeout_s");
  auto page = [](json page) { return json{{"pages", {std::move(page)}}}; };
  ExpectRefused(page({{"path", "a"}, {"body", "b"}}),
                "parameters.pages[0].path");
  ExpectRefused(page({{"path", "/"}}), "parameters.pages[0].bytes");
  ExpectRefused(page({{"body", "a"}, {"bytes", 1}}),
                "parameters.pages[0].bytes");
  ExpectRefused(page({{"bytes", -1}}), "parameters.pages[0].bytes: found -1");
  ExpectRefused(page({{"body", "a"}, {"type", "a\r\nb: c"}}),
                "parameters.pages[0].type");
  ExpectRefused({{"pages", {{{"body", "a"}}, {{"body", "b"}}}}},
                "parameters.pages[1].path");
  ExpectRefused({{"pages",
                  {{{"path", "/a"}, {"bytes", 1 << 20}},
                   {{"path", "/b"}, {"bytes", 1 << 30}}}}},
                "parameters.pages[1].bytes");
}

TEST(HttpDate, IsThatOfTheStandard) {
  EXPECT_EQ(HttpDate(kExample), kExampleDate);
  EXPECT_EQ(HttpDate(seconds(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  // A leap day, and the last second of a year.
  EXPECT_EQ(HttpDate(seconds(951'782'400)), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(HttpDate(seconds(1'767'225'599)), "Wed, 31 Dec 2025 23:59:59 GMT");
}

TEST(Responder, RespondsWithAPage) {
  Responder responder(
      Read({{"pages", {{{"path", "/a"}, {"type", "x/y"}, {"body", "text"}}}}}));
  responder.SetTime(kExample);
  const std::string head =
      "HTTP/1.1 200 OK\r\nServer: EbbRT\r\nDate: " + std::string(kExampleDate) +
      "\r\nContent-Type: x/y\r\nContent-Length: 4\r\n";
  EXPECT_EQ(Get(responder, "/a"), head + "\r\ntext");
  EXPECT_EQ(Get(responder, "/a", {.keep_alive = false}),
            head + "Connection: close\r\n\r\ntext");
  EXPECT_EQ(Get(responder, "/a", {.is_http_1_0 = true, .keep_alive = true}),
            head + "Connection: keep-alive\r\n\r\ntext");
  EXPECT_EQ(Get(responder, "/a", {.method = Method::kHead, .keep_alive = true}),
            head + "\r\n");
}

TEST(Responder, SendsTheSameMemoryToAll) {
  Responder responder(Read(
      {{"pages",
        {{{"path", "/small"}, {"bytes", Responder::kInlineBytesMax}},
         {{"path", "/large"}, {"bytes", Responder::kInlineBytesMax + 1}}}}}));
  responder.SetTime(kExample);
  auto respond = [&responder](const char* path) {
    IOBufChain response;
    Status status = Status::kBadRequest;
    EXPECT_TRUE(responder.Respond({.path = path, .keep_alive = true}, status,
                                  response));
    return response;
  };
  IOBufChain small = respond("/small");
  EXPECT_EQ(small.buffer_count(), 1u);
  EXPECT_EQ(respond("/small").front().data(), small.front().data());
  IOBufChain large = respond("/large");
  EXPECT_EQ(large.buffer_count(), 2u);
  IOBufChain again = respond("/large");
  EXPECT_EQ(again.front().data(), large.front().data());
  EXPECT_EQ(again.back().data(), large.back().data());
  // A second later there is another head, and those in use stay as they are.
  responder.SetTime(kExample + seconds(1));
  IOBufChain later = respond("/large");
  EXPECT_NE(later.front().data(), large.front().data());
  EXPECT_EQ(later.back().data(), large.back().data());
  EXPECT_NE(later.ToString().find("08:49:38"), std::string::npos);
  EXPECT_NE(large.ToString().find("08:49:37"), std::string::npos);
}

TEST(Responder, SaysWhatIsWrong) {
  Responder responder(Read(json::object()));
  responder.SetTime(kExample);
  std::string missing = Get(responder, "/missing");
  EXPECT_TRUE(missing.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(missing.ends_with(
      "\r\n\r\n404 Not Found: there is nothing under this path.\n"));
  EXPECT_EQ(missing.find("Connection: close"), std::string::npos);
  std::string other =
      Get(responder, "", {.method = Method::kOther, .keep_alive = true});
  EXPECT_TRUE(other.starts_with("HTTP/1.1 405 "));
  EXPECT_NE(other.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_TRUE(Get(responder, "", {.method = Method::kUnknown})
                  .starts_with("HTTP/1.1 501 "));
  for (Status error :
       {Status::kBadRequest, Status::kRequestTimeout, Status::kContentTooLarge,
        Status::kUriTooLong, Status::kHeadTooLarge,
        Status::kVersionNotSupported}) {
    IOBufChain response;
    EXPECT_TRUE(responder.RespondToError(error, response));
    std::string text = response.ToString();
    EXPECT_TRUE(text.starts_with(
        "HTTP/1.1 " + std::to_string(static_cast<int>(error)) + " " +
        std::string(ReasonOf(error)) + "\r\n"));
    EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
  }
}

}  // namespace
}  // namespace ebbrt::httpd
