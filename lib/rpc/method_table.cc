#include "rpc/method_table.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <string>

namespace zoowarden::rpc {
namespace {

// Agents are in no row: one owned server must not be able to command another.
constexpr std::array kTable{
    MethodRule{"/zoowarden.v1.ObserveService/GetStatus", Audience::kReaders, Effect::kReads},
    MethodRule{"/zoowarden.v1.ObserveService/Observe", Audience::kOperators, Effect::kReads},
    MethodRule{"/zoowarden.v1.ObserveService/CommitCanary", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.OperateService/GetUpload", Audience::kPlanners, Effect::kChanges},
    MethodRule{"/zoowarden.v1.OperateService/Upload", Audience::kPlanners, Effect::kChanges},
    MethodRule{"/zoowarden.v1.OperateService/Begin", Audience::kOperators, Effect::kChanges},
    MethodRule{
        "/zoowarden.v1.OperateService/RequestPermit", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.OperateService/Proceed", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.OperateService/Commit", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.OperateService/RollBack", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.OperateService/Close", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.OperateService/Watch", Audience::kOperators, Effect::kReads},
    MethodRule{"/zoowarden.v1.LeaseService/GetLease", Audience::kReaders, Effect::kReads},
    MethodRule{"/zoowarden.v1.LeaseService/Acquire", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.LeaseService/Release", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.RecordService/PutRecord", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.RecordService/ListRecords", Audience::kRecordReaders, Effect::kReads},
    MethodRule{"/zoowarden.v1.RecordService/GetRecord", Audience::kRecordReaders, Effect::kReads},
    MethodRule{"/zoowarden.v1.ReleaseService/ListReleases", Audience::kReaders, Effect::kReads},
    MethodRule{"/zoowarden.v1.ReleaseService/VerifyReleases", Audience::kReaders, Effect::kReads},
    MethodRule{
        "/zoowarden.v1.ReleaseService/RemoveRelease", Audience::kOperators, Effect::kChanges},
    MethodRule{kPutCrl, Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.AuditService/GetAudit", Audience::kReaders, Effect::kReads},
    MethodRule{"/zoowarden.v1.CertificateService/RequestCertificate",
               Audience::kOperators,
               Effect::kChanges},
    MethodRule{"/zoowarden.v1.CertificateService/InstallCertificate",
               Audience::kOperators,
               Effect::kChanges},
    MethodRule{"/zoowarden.v1.EnrolService/Enrol", Audience::kTokenHolders, Effect::kChanges},
    MethodRule{"/zoowarden.v1.AdoptService/Discover", Audience::kPlanners, Effect::kReads},
    MethodRule{"/zoowarden.v1.AdoptService/Adopt", Audience::kOperators, Effect::kChanges},
    MethodRule{"/zoowarden.v1.TreeService/WalkTree", Audience::kOperators, Effect::kReads},
    MethodRule{"/zoowarden.v1.TreeService/ReadZnodes", Audience::kOperators, Effect::kReads},
};

const MethodRule* Find(std::string_view method) {
  const auto* const rule = std::find_if(
      kTable.begin(), kTable.end(), [&](const MethodRule& row) { return row.method == method; });
  return rule == kTable.end() ? nullptr : rule;
}

bool IsAllowed(Audience audience, pki::Role role) {
  switch (role) {
    case pki::Role::kOperator:
      return audience != Audience::kTokenHolders;
    case pki::Role::kPlanner:
      return audience != Audience::kOperators && audience != Audience::kTokenHolders;
    case pki::Role::kApprover:
      return audience == Audience::kRecordReaders;
    case pki::Role::kViewer:
      return audience == Audience::kReaders;
    case pki::Role::kAgent:
      return false;
  }
  return false;
}

}  // namespace

std::span<const MethodRule> MethodTable() { return kTable; }

bool IsMethod(std::string_view method) { return Find(method) != nullptr; }

base::Status Authorize(std::string_view method, pki::Role role) {
  const MethodRule* const rule = Find(method);
  if (rule == nullptr || !IsAllowed(rule->audience, role)) {
    return base::Fail(base::ErrorCode::kPermissionDenied,
                      "rpc.not_allowed",
                      "role " + std::string(pki::RoleName(role)) + " may not call " +
                          base::Printable(method, 100) + "; use a certificate of a role that may");
  }
  return base::Ok();
}

}  // namespace zoowarden::rpc
