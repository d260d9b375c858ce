// Site: what a server serves, by path; and its settings.
//
// Cores: immutable once made, hence any. Ownership: shared by the cores' parts
// of the server. Blocks: no. Allocates: when made.
// Bound: kSiteBytesMax of content. Errors: ReadSettings says which parameter.
//
//   key               default      what it is
//   address           "0.0.0.0"
//   port              8080         0: any free one
//   connections_max   10000        open at a time, over all cores
//   idle_timeout_s    60           how long a connection may be without a
//                                  request completed, or a response taken
//   head_bytes_max    8192         of a request's line and headers
//   content_bytes_max 1 MiB        of content sent with a request, and skipped
//   pages             one, for /   a list of objects:
//     path                         begins with "/"; compared once decoded
//     type            "text/html"
//     body | bytes                 the content, or how much of a filling
#ifndef EBBRT_APPS_HTTPD_SITE_H_
#define EBBRT_APPS_HTTPD_SITE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "apps/httpd/http.h"
#include "apps/httpd/request_parser.h"
#include "core/base/types.h"
#include "core/buf/iobuf.h"
#include "core/net/endpoint.h"

namespace ebbrt::httpd {

// What a response says, but for what differs from one to the next.
struct Page {
  Status status = Status::kOk;
  std::string type = "text/html";
  // Null if empty. Every response with it is a view of the same bytes.
  std::unique_ptr<IOBuf> body;

  size_t length() const { return body == nullptr ? 0 : body->length(); }
};

class Site {
 public:
  static constexpr size_t kSiteBytesMax = 1 * kGiB;
  static constexpr size_t kPathBytesMax = 1024;

  // With the pages of all errors, and none else.
  Site();

  // False if there is no memory, or if the path is taken.
  bool Add(const std::string& path, std::string type,
           std::unique_ptr<IOBuf> body);

  // A page is known by its number. An error's, or that of a path.
  size_t PageOf(Status error) const;
  size_t PageOf(const std::string& path) const;

  size_t page_count() const { return pages_.size(); }
  const Page& page(size_t number) const { return pages_[number]; }

 private:
  std::vector<Page> pages_;
  std::unordered_map<std::string, size_t> numbers_;
};

struct Settings {
  Endpoint endpoint;
  uint32_t connections_max = 10'000;
  Duration idle_timeout = std::chrono::seconds(60);
  ParserLimits limits;
};

// What a server is given.
struct Configuration {
  Settings settings;
  Site site;
};

// Errors: kInvalidArgument, as core/app/parameters.h; kResourceExhausted.
absl::StatusOr<std::shared_ptr<const Configuration>> ReadConfiguration(
    const nlohmann::json& parameters);

}  // namespace ebbrt::httpd

#endif  // EBBRT_APPS_HTTPD_SITE_H_
