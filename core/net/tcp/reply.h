// Segments that belong to no connection: resets, SYN cookies, and what answers
// in TIME-WAIT.
//
// Internal to core/net/tcp.
//
// Cores: the Host's. Blocks, allocates: never. Bound: one segment for one that
// came, no longer than it. Errors: none.
// Source: RFC 9293 sections 3.5.2 and 3.10.7.1; RFC 4987.
#ifndef EBBRT_CORE_NET_TCP_REPLY_H_
#define EBBRT_CORE_NET_TCP_REPLY_H_

#include <cstdint>

#include "core/base/types.h"
#include "core/net/tcp/engine.h"
#include "core/net/tcp/flow_table.h"
#include "core/net/tcp/syn_cookie.h"
#include "core/net/tcp/time_wait.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp {

// REQUIRES: `header` has no RST.
void AnswerWithReset(Engine& engine, const FlowKey& key,
                     const TcpHeader& header, uint32_t payload_bytes);
void AnswerWithCookie(Engine& engine, SynCookies& cookies, const FlowKey& key,
                      const TcpHeader& syn, Time now);
void AnswerInTimeWait(Engine& engine, const TimeWait& waiting, Time now);

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_REPLY_H_
