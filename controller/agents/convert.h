// Between the wire and the model. What comes from an agent is hostile until it has passed here: an
// answer with an unknown enum value, a number out of range, a malformed identifier or too much of
// anything is refused as a whole (`wire.bad_value`), so that its server counts as unknown. Text
// that only people read is made printable and cut.
//
// Pure functions.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "model/discovery.h"
#include "model/znode.h"

#include <string>
#include <string_view>

namespace zoowarden::v1 {
class AuditRow;
class BeginRequest;
class CallHeader;
class CommitCanaryResponse;
class Discovery;
class Lease;
class Membership;
class Observation;
class Process;
class RequestPermitResponse;
class RunEvent;
class RunHeader;
class RunRecord;
class ZnodeBatch;
enum Mode : int;
}  // namespace zoowarden::v1

namespace zoowarden::controller {

void ToWire(std::string_view ensemble, const RunIdentity& run, v1::RunHeader& wire);
void ToWire(std::string_view ensemble, const Call& call, v1::CallHeader& wire);
void ToWire(const RunEvent& event, v1::RunEvent& wire);
// Everything but the call header.
void ToWire(const BeginOptions& options, v1::BeginRequest& wire);

// `server` is the one that was asked: an answer in another server's name is refused.
[[nodiscard]] base::Result<model::MemberObservation> FromWire(const v1::Observation& wire,
                                                              model::ServerId server);
// `server` is the one of the certificate.
[[nodiscard]] base::Result<model::Discovery> FromWire(const v1::Discovery& wire,
                                                      model::ServerId server);
[[nodiscard]] base::Result<model::Mode> FromWire(v1::Mode mode);
[[nodiscard]] base::Result<model::Process> FromWire(const v1::Process& wire);
[[nodiscard]] base::Result<model::Membership> FromWire(const v1::Membership& wire);
// Their order is the caller's to look at.
[[nodiscard]] base::Result<std::vector<model::Znode>> FromWire(const v1::ZnodeBatch& wire);
[[nodiscard]] base::Result<Canary> FromWire(const v1::CommitCanaryResponse& wire);
// A permit is never taken for longer than 3 s, whatever the agent says.
[[nodiscard]] base::Result<Permit> FromWire(const v1::RequestPermitResponse& wire);
[[nodiscard]] base::Result<Lease> FromWire(const v1::Lease& wire);
[[nodiscard]] base::Result<RunEvent> FromWire(const v1::RunEvent& wire);
[[nodiscard]] base::Result<RunRecord> FromWire(const v1::RunRecord& wire);
// Its texts stay as they came, because the hash is over them; make them printable to show them.
[[nodiscard]] base::Result<journal::AuditRow> FromWire(const v1::AuditRow& wire);

}  // namespace zoowarden::controller
