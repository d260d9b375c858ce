// For tests of httpd in the simulator: an application that asks for a page on
// each of several connections, again and again, and looks at what it gets.
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/app/application.h"
#include "core/app/parameters.h"
#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/net/endpoint.h"
#include "core/net/network.h"

namespace ebbrt::httpd {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

struct FetchOptions {
  Endpoint server;
  std::string path;
  size_t bytes = 0;  // Of the page.
  int64_t requests = 0;
};

// One connection; each response has to be as long as the page is, and the same
// as the first but for its head, which has the time.
class Fetcher final : public TcpHandler {
 public:
  Fetcher(const FetchOptions& options, Promise<void> done)
      : options_(options), done_(std::move(done)) {}

  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    Ask();
  }
  void OnReceive(IOBufChain data) override {
    received_ += data.ToString();
    const size_t head = received_.find(kHeadEnd);
    if (head == std::string::npos) return;
    const size_t body = head + kHeadEnd.size();
    if (received_.size() < body + options_.bytes) return;
    Judge(received_.substr(body));
    received_.clear();
    if (++answered_ == options_.requests) {
      connection_->Close();
    } else {
      Ask();
    }
  }
  void OnSendReady() override { connection_->Send(unsent_); }
  void OnPeerClosed() override { connection_->Close(); }
  void OnClosed(const absl::Status& status) override {
    if (status_.ok()) status_ = status;
    if (status_.ok() && answered_ != options_.requests) {
      status_ = absl::UnavailableError(
          absl::StrCat("closed after ", answered_, " responses"));
    }
    done_.SetOutcome(std::move(status_));
  }

 private:
  void Ask() {
    unsent_.PushBack(IOBuf::CopyOf("GET " + options_.path +
                                   " HTTP/1.1\r\nHost: server\r\n\r\n"));
    connection_->Send(unsent_);
  }
  void Judge(std::string body) {
    if (!received_.starts_with("HTTP/1.1 200 ")) {
      status_ = absl::DataLossError(received_.substr(0, 100));
    } else if (body.size() != options_.bytes ||
               (answered_ > 0 && body != first_)) {
      status_ = absl::DataLossError(
          absl::StrCat("a page of ", body.size(), " bytes is not the first"));
    }
    if (answered_ == 0) first_ = std::move(body);
  }

  const FetchOptions& options_;
  Promise<void> done_;
  TcpConnection* connection_ = nullptr;
  IOBufChain unsent_;
  std::string received_;
  std::string first_;
  int64_t answered_ = 0;
  absl::Status status_;
};

}  // namespace

Future<int> Fetch(Application& application) {
  ParameterReader reader(application.parameters());
  absl::StatusOr<Endpoint> server = Endpoint::Parse(reader.Text("server", ""));
  if (!server.ok()) reader.Reject("server", "an address and a port");
  FetchOptions options;
  options.path = reader.Text("path", "/");
  options.bytes = static_cast<size_t>(
      reader.Integer("bytes", 0, {.max = 1 << 30, .unit = "bytes"}));
  options.requests = reader.Integer("requests", 1, {.min = 1});
  const int64_t connections = reader.Integer("connections", 1, {.min = 1});
  absl::Status read = reader.Finish();
  if (!read.ok()) co_return read;
  options.server = *server;
  std::vector<Future<void>> ends;
  for (int64_t i = 0; i < connections; ++i) {
    Promise<void> done;
    ends.push_back(done.GetFuture());
    network->ConnectTcp(options.server,
                        std::make_unique<Fetcher>(options, std::move(done)));
  }
  auto ended = co_await WhenAll(std::move(ends));
  if (!ended.ok()) co_return ended.status();
  for (const absl::Status& end : *ended) {
    if (!end.ok()) co_return end;
  }
  application.ReportMetrics({{"fetched", connections * options.requests}});
  co_return 0;
}

}  // namespace ebbrt::httpd

EBBRT_APPLICATION("fetch", ebbrt::httpd::Fetch);
