// Taking certificates back. Blocking; no state.
#pragma once

#include "base/error.h"
#include "pki/authority.h"
#include "pki/index.h"
#include "sys/clock.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace zoowarden::pki {

// Marks a certificate in the CA's index; it is refused where the next revocation list arrives.
// `what` is a serial, or the file of a certificate, which may be one that the index does not know.
// One that is revoked already stays so. Errors: `pki.unknown_serial`, `pki.wrong_ca` (the file's
// certificate is another CA's), those of the file and of an unusable CA.
[[nodiscard]] base::Result<IssuedCertificate> Revoke(const std::filesystem::path& ca_directory,
                                                     const std::string& what,
                                                     sys::Clock& clock);

struct CrlRequest {
  std::filesystem::path ca_directory;
  std::filesystem::path out;  // replaced when it is there: a list only ever gets newer
  Days lifetime{180};
};

struct WrittenCrl {
  std::uint64_t number = 0;
  std::size_t revoked = 0;
  UnixTime not_after{0};
};

// Writes the list of all that was ever revoked: an expired certificate on an open connection must
// stay refused. `pki.outlives_ca` when it would end before it begins.
[[nodiscard]] base::Result<WrittenCrl> WriteCrl(const CrlRequest& request, sys::Clock& clock);

}  // namespace zoowarden::pki
