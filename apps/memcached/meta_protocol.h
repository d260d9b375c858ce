// The meta commands of the text protocol: mg, ms, md, ma, mn, me.
//
// Cores: any; no state but the arguments. Ownership: tokens are views of the
// caller's bytes, for the call. Blocks: as commands.h; mg takes no lock unless
// it may have to tell a client to recache. Allocates: items.
// Bound: Reply::kPieceBytesMax a reply, which kFlagsMax flags can not fill.
// Errors: replies.
// Source: memcached's protocol.txt, "Meta Commands".
#ifndef EBBRT_APPS_MEMCACHED_META_PROTOCOL_H_
#define EBBRT_APPS_MEMCACHED_META_PROTOCOL_H_

#include "apps/memcached/server_state.h"
#include "apps/memcached/text_tokens.h"
#include "apps/memcached/upload.h"

namespace ebbrt::memcached::meta {

// Serves a command. REQUIRES: tokens[0] is two letters, the first an m.
Step HandleCommand(const Tokens& tokens, Upload& upload,
                   RequestContext& context);

// The value of an ms is there, and ends as it should.
void FinishUpload(Upload& upload, RequestContext& context);

}  // namespace ebbrt::memcached::meta

#endif  // EBBRT_APPS_MEMCACHED_META_PROTOCOL_H_
