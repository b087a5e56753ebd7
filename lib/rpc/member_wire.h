// A member of the ensemble as it goes over the wire, in either direction. Pure. Reading it is each
// side's own: what the other one may say differs.
#pragma once

#include "model/observation.h"

namespace zoowarden::v1 {
class Member;
}  // namespace zoowarden::v1

namespace zoowarden::rpc {

void MemberToWire(const model::Member& member, v1::Member& wire);

}  // namespace zoowarden::rpc
