// The call that is being answered, as its row in the agent's audit will say.
#pragma once

#include "base/error.h"
#include "journal/audit_chain.h"

namespace zoowarden::agent {

struct AuditedCall {
  journal::AuditEntry entry;
  bool recorded = false;  // in the transaction that made its outcome durable
};

// The entry with how the call ended.
[[nodiscard]] inline journal::AuditEntry WithOutcome(journal::AuditEntry entry,
                                                     const base::Error* error) {
  entry.code = error == nullptr ? "ok" : std::string(base::ErrorCodeName(error->code()));
  entry.reason = error == nullptr ? "" : error->reason();
  return entry;
}

}  // namespace zoowarden::agent
