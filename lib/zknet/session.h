// The few requests of ZooKeeper's client protocol that prove things: a canary that the ensemble has
// to commit, and whether a member has applied a given transaction. Raw sockets, because a client
// library hides the zxid in the reply header. Blocking with a deadline, no shared state.
//
// A time-out means "not committed in time", never "not committed": the proposal may commit later.
// Never used here: sync (gets no zxid and commits nothing in any release, and a leader that lost
// its followers goes on answering it) and a bare check (on 3.4 to 3.8.4 it closes the connection,
// takes the leader down and leaves a log that cannot be loaded: ZOOKEEPER-2623).
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "zknet/connection.h"

#include <chrono>
#include <string>

namespace zoowarden::zknet {

struct Canary {
  // Committed by a quorum and applied on the member that was asked. At least one transaction that
  // began after the call is not above it. Compare with >=, never ==.
  model::Zxid zxid;
  std::string evidence;  // "failed write committed at 0x100000007 through 127.0.0.1:2181"
};

// Sends delete("/"), which is always refused with BadArguments and yet takes a zxid, is proposed,
// logged and committed like any write; it needs no znode and no permission, and works with local
// sessions (3.4.14 to 3.9.5, through leader, follower and observer).
//
// Where authentication is enforced, the server creates and commits the session and then refuses
// every request (-124, zxid 0): the session is the canary, its zxid is what `srvr` of the same
// member says right after, and it must have risen. With local sessions nothing is committed there,
// which fails with zk.canary_not_committed. Such a session ends by expiry.
//
// Further errors: zk.no_session (closed before a session was made: no quorum, connection limit, a
// read-only server), zk.read_only, zk.canary_refused, zk.reply_malformed; those of connection.h
// and, in the fall-back, of zk/srvr.h.
[[nodiscard]] base::Result<Canary> CommitCanary(const Endpoint& member,
                                                std::chrono::milliseconds timeout);

// Opens a session whose lastZxidSeen is `zxid`. A member that has applied it accepts (true); one
// that is behind, even by one transaction, closes without an answer (false), as does a member
// without a quorum or at its connection limit: false proves nothing about the cause. An accepted
// session commits one or two transactions.
[[nodiscard]] base::Result<bool> AcceptsSessionAt(const Endpoint& member,
                                                  model::Zxid zxid,
                                                  std::chrono::milliseconds timeout);

}  // namespace zoowarden::zknet
