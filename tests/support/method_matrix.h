// Who may call what, written out by hand: whoever adds a method or widens a role changes this table
// too, and says so. Agents are in no row.
#pragma once

#include "pki/identity.h"

#include <array>
#include <string_view>

namespace zoowarden::test {

struct MatrixRow {
  std::string_view method;
  bool viewer;
  bool planner;
  bool approver;
  bool operator_;

  [[nodiscard]] constexpr bool Allows(pki::Role role) const {
    switch (role) {
      case pki::Role::kViewer:
        return viewer;
      case pki::Role::kPlanner:
        return planner;
      case pki::Role::kApprover:
        return approver;
      case pki::Role::kOperator:
        return operator_;
      case pki::Role::kAgent:
        return false;
    }
    return false;
  }
};

// clang-format off
inline constexpr std::array kMethodMatrix{
    //                                                     viewer planner approver operator
    MatrixRow{"/zoowarden.v1.ObserveService/GetStatus",      true,  true,  false,  true},
    MatrixRow{"/zoowarden.v1.ObserveService/Observe",        false, false, false,  true},
    MatrixRow{"/zoowarden.v1.ObserveService/CommitCanary",   false, false, false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/GetUpload",      false, true,  false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/Upload",         false, true,  false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/Begin",          false, false, false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/RequestPermit",  false, false, false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/Proceed",        false, false, false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/Commit",         false, false, false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/RollBack",       false, false, false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/Close",          false, false, false,  true},
    MatrixRow{"/zoowarden.v1.OperateService/Watch",          false, false, false,  true},
    MatrixRow{"/zoowarden.v1.LeaseService/GetLease",         true,  true,  false,  true},
    MatrixRow{"/zoowarden.v1.LeaseService/Acquire",          false, false, false,  true},
    MatrixRow{"/zoowarden.v1.LeaseService/Release",          false, false, false,  true},
    MatrixRow{"/zoowarden.v1.RecordService/PutRecord",       false, false, false,  true},
    MatrixRow{"/zoowarden.v1.RecordService/ListRecords",     false, true,  true,   true},
    MatrixRow{"/zoowarden.v1.RecordService/GetRecord",       false, true,  true,   true},
    MatrixRow{"/zoowarden.v1.ReleaseService/ListReleases",   true,  true,  false,  true},
    MatrixRow{"/zoowarden.v1.ReleaseService/VerifyReleases", true,  true,  false,  true},
    MatrixRow{"/zoowarden.v1.ReleaseService/RemoveRelease",  false, false, false,  true},
    MatrixRow{"/zoowarden.v1.CertificateService/PutCrl",     false, false, false,  true},
    MatrixRow{"/zoowarden.v1.AuditService/GetAudit",         true,  true,  false,  true},
    MatrixRow{"/zoowarden.v1.CertificateService/RequestCertificate", false, false, false, true},
    MatrixRow{"/zoowarden.v1.CertificateService/InstallCertificate", false, false, false, true},
    MatrixRow{"/zoowarden.v1.EnrolService/Enrol",            false, false, false,  false},
    MatrixRow{"/zoowarden.v1.AdoptService/Discover",         false, true,  false,  true},
    MatrixRow{"/zoowarden.v1.AdoptService/Adopt",            false, false, false,  true},
    MatrixRow{"/zoowarden.v1.TreeService/WalkTree",          false, false, false,  true},
    MatrixRow{"/zoowarden.v1.TreeService/ReadZnodes",        false, false, false,  true},
};
// clang-format on

}  // namespace zoowarden::test
