#include "systemd/booted.h"

#include <systemd/sd-daemon.h>

namespace zoowarden::systemd {

bool Booted() { return sd_booted() > 0; }

}  // namespace zoowarden::systemd
