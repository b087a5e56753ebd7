// An observation as it goes to the controller. Pure.
#pragma once

#include "model/observation.h"

namespace zoowarden::v1 {
class Observation;
}  // namespace zoowarden::v1

namespace zoowarden::agent {

void ToWire(const model::MemberObservation& seen, v1::Observation& wire);

}  // namespace zoowarden::agent
