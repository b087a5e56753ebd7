// How the pki commands show a certificate.
#pragma once

#include "controller/cli/document.h"
#include "pki/x509.h"

#include <cstdint>
#include <string>

namespace zoowarden::controller {

[[nodiscard]] Document CertificateDocument(const pki::CertificateInfo& certificate);
[[nodiscard]] std::string CertificateText(const pki::CertificateInfo& certificate);

}  // namespace zoowarden::controller
