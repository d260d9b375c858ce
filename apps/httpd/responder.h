// Responder: one core's responses, each made once a second at most, and lent to
// every connection that is to send it.
//
//   page's body         |=================|      (one for all cores)
//   response's head     |---------|              (one a core and second)
//   chain of a reply    head view -> body view
//
// What is small stands behind its head in the same buffer, so that a reply is
// one view. A response in use stays as it was while the next second's is made.
//
// Cores: one; each has its own. Ownership: views own what they show.
// Blocks: no. Allocates: a view or two for a response; the response itself,
// once a second. Bound: kVariants responses a page.
// Errors: false where there is no memory; nothing has been added then.
// Source: RFC 9110, section 5.6.7 (dates), 9.3.2 (HEAD); RFC 9112, 9.3.
#ifndef EBBRT_APPS_HTTPD_RESPONDER_H_
#define EBBRT_APPS_HTTPD_RESPONDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/httpd/http.h"
#include "apps/httpd/request_parser.h"
#include "apps/httpd/site.h"
#include "core/base/types.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"

namespace ebbrt::httpd {

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string HttpDate(std::chrono::seconds since_1970);

class Responder {
 public:
  // The body of a response is copied behind its head up to this size.
  static constexpr size_t kInlineBytesMax = 1024;

  explicit Responder(std::shared_ptr<const Configuration> configuration)
      : configuration_(std::move(configuration)),
        responses_(configuration_->site.page_count()) {}

  // The time that responses tell from now on.
  void SetTime(std::chrono::seconds since_1970);

  // Adds the response to a request; says which status that is.
  bool Respond(const Request& request, Status& status, IOBufChain& to);
  // Adds the response to what was no request. It says that the end is near.
  bool RespondToError(Status error, IOBufChain& to);

 private:
  // How the connection goes on. HTTP/1.0 has to be told that it does.
  enum Variant { kKeep, kKeepHttp10, kClose, kVariants };
  struct Response {
    uint64_t second = 0;
    std::unique_ptr<IOBuf> whole;  // The head, and the body if it is small.
    size_t head_bytes = 0;
  };

  bool Add(size_t page, Variant variant, bool is_head, IOBufChain& to);
  bool Make(const Page& page, Variant variant, Response& response);

  const std::shared_ptr<const Configuration> configuration_;
  std::vector<std::array<Response, kVariants>> responses_;  // By page.
  std::string date_;
  // Counts the calls of SetTime: a response of another is out of date.
  uint64_t second_ = 0;
};

}  // namespace ebbrt::httpd

#endif  // EBBRT_APPS_HTTPD_RESPONDER_H_
