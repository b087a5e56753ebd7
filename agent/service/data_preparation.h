// The one time when Zoowarden creates something in a data directory: a first installation.
#pragma once

#include "agent/service/instance.h"
#include "base/error.h"

namespace zoowarden::agent {

// Makes the data directories with their version-2, and myid, and gives them to the instance's user.
// What is there stays as it is, so it may be repeated; whether it may be there is the caller's
// matter.
[[nodiscard]] base::Status PrepareDataDirectories(const Instance& instance);

}  // namespace zoowarden::agent
