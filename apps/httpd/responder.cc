#include "apps/httpd/responder.h"

#include <string_view>
#include <utility>

namespace ebbrt::httpd {
namespace {

void AppendTwoDigits(std::string& text, int64_t number) {
  text.push_back(static_cast<char>('0' + number / 10));
  text.push_back(static_cast<char>('0' + number % 10));
}

}  // namespace

std::string HttpDate(std::chrono::seconds since_1970) {
  using std::chrono::days;
  using std::chrono::floor;
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::chrono::sys_days day(floor<days>(since_1970));
  const std::chrono::year_month_day date(day);
  const int64_t second = (since_1970 - day.time_since_epoch()).count();
  std::string text;
  text += kDays.substr(3 * std::chrono::weekday(day).c_encoding(), 3);
  text += ", ";
  AppendTwoDigits(text, static_cast<unsigned>(date.day()));
  text += ' ';
  text += kMonths.substr(3 * (static_cast<unsigned>(date.month()) - 1), 3);
  text += ' ' + std::to_string(static_cast<int>(date.year())) + ' ';
  AppendTwoDigits(text, second / 3600);
  text += ':';
  AppendTwoDigits(text, second / 60 % 60);
  text += ':';
  AppendTwoDigits(text, second % 60);
  return text + " GMT";
}

void Responder::SetTime(std::chrono::seconds since_1970) {
  date_ = HttpDate(since_1970);
  ++second_;
}

bool Responder::Respond(const Request& request, Status& status,
                        IOBufChain& to) {
  const Site& site = configuration_->site;
  size_t page = 0;
  switch (request.method) {
    case Method::kGet:
    case Method::kHead:
      page = site.PageOf(request.path);
      break;
    case Method::kOther:
      page = site.PageOf(Status::kMethodNotAllowed);
      break;
    case Method::kUnknown:
      page = site.PageOf(Status::kNotImplemented);
      break;
  }
  status = site.page(page).status;
  Variant variant = kClose;
  if (request.keep_alive) variant = request.is_http_1_0 ? kKeepHttp10 : kKeep;
  return Add(page, variant, request.method == Method::kHead, to);
}

bool Responder::RespondToError(Status error, IOBufChain& to) {
  return Add(configuration_->site.PageOf(error), kClose, false, to);
}

bool Responder::Add(size_t page_number, Variant variant, bool is_head,
                    IOBufChain& to) {
  const Page& page = configuration_->site.page(page_number);
  Response& response = responses_[page_number][variant];
  if (response.second != second_ || response.whole == nullptr) {
    if (!Make(page, variant, response)) return false;
  }
  std::unique_ptr<IOBuf> view = response.whole->Clone();
  if (view == nullptr) return false;
  if (is_head) {
    view->TrimBack(view->length() - response.head_bytes);
  } else if (page.length() > kInlineBytesMax) {
    std::unique_ptr<IOBuf> body = page.body->Clone();
    if (body == nullptr) return false;
    to.PushBack(std::move(view));
    view = std::move(body);
  }
  to.PushBack(std::move(view));
  return true;
}

bool Responder::Make(const Page& page, Variant variant, Response& response) {
  const int code = static_cast<int>(page.status);
  std::string text = "HTTP/1.1 " + std::to_string(code) + ' ';
  text += ReasonOf(page.status);
  text += "\r\nServer: EbbRT\r\nDate: " + date_;
  text += "\r\nContent-Type: " + page.type;
  text += "\r\nContent-Length: " + std::to_string(page.length());
  if (page.status == Status::kMethodNotAllowed) text += "\r\nAllow: GET, HEAD";
  if (variant == kClose) text += "\r\nConnection: close";
  if (variant == kKeepHttp10) text += "\r\nConnection: keep-alive";
  text += "\r\n\r\n";
  const size_t head_bytes = text.size();
  if (page.length() > 0 && page.length() <= kInlineBytesMax) {
    text += page.body->text();
  }
  std::unique_ptr<IOBuf> whole = IOBuf::CopyOf(std::string_view(text));
  if (whole == nullptr) return false;
  response = {second_, std::move(whole), head_bytes};
  return true;
}

}  // namespace ebbrt::httpd
