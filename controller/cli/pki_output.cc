#include "controller/cli/pki_output.h"

#include "base/text.h"
#include "controller/cli/ending_certificates.h"

namespace zoowarden::controller {

Document CertificateDocument(const pki::CertificateInfo& certificate) {
  Document uris{Document::List()};
  for (const auto& uri : certificate.uris) {
    uris.Add(uri);
  }
  return Document::Map({{"schema_version", 1},
                        {"subject", certificate.subject},
                        {"issuer", certificate.issuer},
                        {"uris", std::move(uris)},
                        {"is_ca", certificate.is_ca},
                        {"serial", certificate.serial},
                        {"not_before", CertificateTime(certificate.not_before)},
                        {"not_after", CertificateTime(certificate.not_after)},
                        {"sha256", certificate.fingerprint}});
}

std::string CertificateText(const pki::CertificateInfo& certificate) {
  const auto name =
      certificate.is_ca ? std::string("certificate authority") : base::Join(certificate.uris, ", ");
  return "  name     " + base::Printable(name) + "\n  subject  " +
         base::Printable(certificate.subject) + "\n  issuer   " +
         base::Printable(certificate.issuer) + "\n  valid    " +
         CertificateTime(certificate.not_before) + " to " + CertificateTime(certificate.not_after) +
         "\n  serial   " + certificate.serial + "\n  sha256   " + certificate.fingerprint + "\n";
}

}  // namespace zoowarden::controller
