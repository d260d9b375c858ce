#include "core/net/link/complete_frames.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/net/wire/big_endian.h"
#include "core/net/wire/checksum.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/ipv4.h"

namespace ebbrt {
namespace {

// Of TCP's header.
constexpr size_t kSequenceAt = 4;
constexpr size_t kFlagsAt = 13;
constexpr size_t kChecksumAt = 16;
constexpr size_t kTcpHeaderBytes = 20;
constexpr auto kFinAndPsh = std::byte{0x09};
constexpr auto kCwr = std::byte{0x80};

bool FillChecksum(std::span<std::byte> frame, const TransmitRequest& request) {
  if (request.checksum_at == 0) return true;
  if (request.checksum_begin > frame.size() ||
      size_t{request.checksum_at} + 2 > frame.size()) {
    return false;
  }
  // The pseudo-header's sum stands where the checksum will.
  const uint16_t checksum =
      InternetChecksum(frame.subspan(request.checksum_begin));
  StoreBig(frame.data() + request.checksum_at,
           checksum == 0 ? uint16_t{0xffff} : checksum);
  return true;
}

// Makes the headers of one segment out of those of the whole.
void FixHeaders(std::span<std::byte> frame, const Ipv4Header& whole,
                size_t index, size_t offset, bool last) {
  std::byte* ip = frame.data() + kEthernetHeaderBytes;
  Ipv4Header header = whole;
  header.identification = static_cast<uint16_t>(whole.identification + index);
  header.total_bytes =
      static_cast<uint16_t>(frame.size() - kEthernetHeaderBytes);
  WriteIpv4(header, ip);
  std::byte* tcp = ip + header.header_bytes;
  StoreBig(tcp + kSequenceAt,
           static_cast<uint32_t>(LoadBig<uint32_t>(tcp + kSequenceAt) +
                                 offset));
  if (!last) tcp[kFlagsAt] &= ~kFinAndPsh;
  if (index != 0) tcp[kFlagsAt] &= ~kCwr;
  const size_t bytes = header.payload_bytes();
  StoreBig(tcp + kChecksumAt, uint16_t{0});
  ChecksumSum sum;
  sum.AddPseudoHeader(header.source, header.destination, header.protocol,
                      bytes);
  sum.Add({tcp, bytes});
  StoreBig(tcp + kChecksumAt, sum.Checksum());
}

bool CutSegments(const IOBufChain& frame, const TransmitRequest& request,
                 absl::FunctionRef<void(std::unique_ptr<IOBuf>)> sink) {
  const size_t headers = request.header_bytes;
  constexpr size_t kHeadersMin =
      kEthernetHeaderBytes + kIpv4HeaderBytes + kTcpHeaderBytes;
  if (headers < kHeadersMin || headers > frame.length()) return false;
  std::unique_ptr<IOBuf> front = IOBuf::Create(headers);
  if (front == nullptr) return false;
  frame.CopyTo({front->Append(headers), headers});
  const size_t payload = frame.length() - headers;
  Parsed<Ipv4Header> whole =
      ParseQuotedIpv4(front->bytes().subspan(kEthernetHeaderBytes));
  if (!whole || whole->header_bytes != kIpv4HeaderBytes) return false;
  size_t index = 0;
  for (size_t offset = 0; offset < payload || index == 0; ++index) {
    const size_t bytes =
        std::min(payload - offset, size_t{request.segment_bytes});
    std::unique_ptr<IOBuf> segment = IOBuf::Create(headers + bytes);
    if (segment == nullptr) return false;
    std::byte* at = segment->Append(headers + bytes);
    std::copy_n(front->data(), headers, at);
    frame.CopyTo({at + headers, bytes}, headers + offset);
    FixHeaders({at, headers + bytes}, *whole, index, offset,
               offset + bytes == payload);
    offset += bytes;
    sink(std::move(segment));
  }
  return true;
}

}  // namespace

bool CompleteFrames(const IOBufChain& frame, const TransmitRequest& request,
                    absl::FunctionRef<void(std::unique_ptr<IOBuf>)> sink) {
  if (request.segment_bytes != 0) return CutSegments(frame, request, sink);
  std::unique_ptr<IOBuf> copy = IOBuf::Create(frame.length());
  if (copy == nullptr) return false;
  std::byte* at = copy->Append(frame.length());
  frame.CopyTo({at, frame.length()});
  if (!FillChecksum({at, frame.length()}, request)) return false;
  sink(std::move(copy));
  return true;
}

}  // namespace ebbrt
