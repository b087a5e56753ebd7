#include "controller/cli/ending_certificates.h"

#include "controller/cli/times.h"

#include <set>

namespace zoowarden::controller {

namespace {

class Collector {
 public:
  explicit Collector(pki::UnixTime now) : now_(now) {}

  void Add(std::string holder, pki::UnixTime not_after) {
    if (not_after.count() != 0 && not_after - now_ < kEndsSoon) {
      found.push_back(
          {.holder = std::move(holder), .not_after = not_after, .ended = not_after < now_});
    }
  }
  void AddCa(pki::UnixTime not_after) {
    if (cas_.insert(not_after).second) {
      Add("ca", not_after);
    }
  }

  std::vector<EndingCertificate> found;

 private:
  pki::UnixTime now_;
  std::set<pki::UnixTime> cas_;
};

std::string SpanText(pki::UnixTime span) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(span).count();
  return hours < 48 ? std::to_string(hours) + " hours" : std::to_string(hours / 24) + " days";
}

std::string NextStep(const std::string& holder) {
  if (holder == "ca") {
    return "replace it as docs/certificates.md says";
  }
  if (holder == "controller") {
    return "issue a new one with `zoowarden pki issue`";
  }
  return holder.starts_with("revocation list")
             ? "bring a new one there with `zoowarden pki crl` and `zoowarden pki push-crl`"
             : "`zoowarden pki renew`";
}

}  // namespace

std::vector<EndingCertificate> EndingCertificates(const std::vector<model::MemberObservation>& seen,
                                                  const OwnCertificate& own,
                                                  pki::UnixTime now) {
  Collector collector(now);
  for (const auto& member : seen) {
    if (member.certificate) {
      const std::string agent = "agent " + ToString(member.id);
      collector.Add(agent, pki::UnixTime(member.certificate->not_after));
      collector.Add("revocation list of " + agent,
                    pki::UnixTime(member.certificate->crl_not_after));
      collector.AddCa(pki::UnixTime(member.certificate->ca_not_after));
    }
  }
  collector.Add("controller", own.not_after);
  collector.AddCa(own.ca_not_after);
  return std::move(collector.found);
}

std::string EndingText(const EndingCertificate& ending, pki::UnixTime now) {
  const bool list = ending.holder.starts_with("revocation list");
  const std::string subject = list ? "the " : "the certificate of ";
  const std::string name = ending.holder == "ca" || ending.holder == "controller" ? "the " : "";
  const auto span = ending.ended ? now - ending.not_after : ending.not_after - now;
  return subject + name + ending.holder + (ending.ended ? " ended at " : " ends at ") +
         CertificateTime(ending.not_after) + " (" + (ending.ended ? "" : "in ") + SpanText(span) +
         (ending.ended ? " ago" : "") + "): " + NextStep(ending.holder);
}

Document EndingDocument(const std::vector<EndingCertificate>& endings) {
  Document list{Document::List()};
  for (const auto& ending : endings) {
    list.Add(Document::Map({{"holder", ending.holder},
                            {"not_after", CertificateTime(ending.not_after)},
                            {"ended", ending.ended}}));
  }
  return list;
}

Document AgentCertificateDocument(const model::MemberObservation& seen) {
  if (!seen.certificate) {
    return {};
  }
  const auto& certificate = *seen.certificate;
  Document crl;
  if (certificate.crl_not_after != 0) {
    crl = Document::Map({{"number", certificate.crl_number},
                         {"not_after", CertificateTime(pki::UnixTime(certificate.crl_not_after))}});
  }
  return Document::Map({{"serial", certificate.serial},
                        {"not_after", CertificateTime(pki::UnixTime(certificate.not_after))},
                        {"ca_not_after", CertificateTime(pki::UnixTime(certificate.ca_not_after))},
                        {"crl", std::move(crl)}});
}

std::string CertificateTime(pki::UnixTime time) {
  return Timestamp(std::chrono::duration_cast<std::chrono::milliseconds>(time));
}

}  // namespace zoowarden::controller
