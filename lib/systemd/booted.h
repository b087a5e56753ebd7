#pragma once

namespace zoowarden::systemd {

// Whether systemd is this machine's first process.
[[nodiscard]] bool Booted();

}  // namespace zoowarden::systemd
