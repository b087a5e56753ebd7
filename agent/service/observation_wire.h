// An observation, and its parts that other messages have too, as they go to the controller. Pure.
#pragma once

#include "model/observation.h"

namespace zoowarden::v1 {
class Generation;
class Observation;
class Process;
enum Mode : int;
}  // namespace zoowarden::v1

namespace zoowarden::agent {

void ToWire(const model::MemberObservation& seen, v1::Observation& wire);
void ToWire(const model::Process& process, v1::Process& wire);
void ToWire(const model::Generation& generation, v1::Generation& wire);
[[nodiscard]] v1::Mode ToWire(model::Mode mode);

}  // namespace zoowarden::agent
