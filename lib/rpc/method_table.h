// Who may call what: the one table, deny by default. A test walks the proto files and fails for a
// method without a row and for a row without a method; another has the whole matrix written out.
#pragma once

#include "base/error.h"
#include "pki/identity.h"

#include <span>
#include <string_view>

namespace zoowarden::rpc {

enum class Audience {
  kReaders,        // viewers, planners and operators: changes nothing, renews nothing
  kRecordReaders,  // planners, approvers and operators: what runs were to do and did
  kPlanners,       // planners and operators: prepares a run, touches nothing that runs
  kOperators,      // operators only
  kTokenHolders,   // no certificate may: at the enrolment listener a one-time token opens it
};

// What has a row in the audit of who serves it: each call that changes something, or asks for it.
enum class Effect { kReads, kChanges };

// Taken from an operator while the revocation list cannot be used: it mends that.
inline constexpr std::string_view kPutCrl = "/zoowarden.v1.CertificateService/PutCrl";

struct MethodRule {
  std::string_view method;  // "/zoowarden.v1.ObserveService/GetStatus"
  Audience audience;
  Effect effect;
};

[[nodiscard]] std::span<const MethodRule> MethodTable();

[[nodiscard]] bool IsMethod(std::string_view method);

// kPermissionDenied `rpc.not_allowed` for every other role, and for a method not in the table.
[[nodiscard]] base::Status Authorize(std::string_view method, pki::Role role);

}  // namespace zoowarden::rpc
