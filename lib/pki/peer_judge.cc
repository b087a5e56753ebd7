#include "pki/peer_judge.h"

#include "base/log.h"
#include "pki/file_state.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace zoowarden::pki {
namespace {

constexpr std::size_t kMaxCrl = 4UL * 1024 * 1024;
constexpr mode_t kPublic = 0644;
constexpr std::size_t kMostRead = 64;  // more than the members of an ensemble and its operators

base::Error Refused(std::string_view reason, const std::string& message) {
  return {base::ErrorCode::kUnauthenticated, std::string(reason), message};
}

std::vector<std::string> KeyIdsOf(const std::string& ca_pem) {
  std::vector<std::string> ids;
  if (const auto cas = SplitBundle(ca_pem)) {
    for (const auto& pem : *cas) {
      if (const auto ca = ParseCertificate(pem); ca && ca->is_ca) {
        ids.push_back(ca->key_id);
      }
    }
  }
  return ids;
}

std::vector<Crl> ListsOf(const std::vector<Crl>& crls, const std::string& issuer_key_id) {
  std::vector<Crl> about;
  std::copy_if(crls.begin(), crls.end(), std::back_inserter(about), [&](const Crl& crl) {
    return crl.issuer_key_id == issuer_key_id;
  });
  return about;
}

base::Status CheckNewer(const Crl& crl, const std::vector<Crl>& present) {
  for (const Crl& old : present) {
    if (crl.number < old.number || (crl.number == old.number && crl.serials != old.serials)) {
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "pki.older_crl",
                        "revocation list " + std::to_string(crl.number) +
                            " is not newer than the present one, " + std::to_string(old.number) +
                            "; make a new one with 'zoowarden pki crl'");
    }
  }
  return base::Ok();
}

}  // namespace

struct PeerJudge::Lists {
  FileState file;
  SignedCrls crls;
  base::Status complete;
};

PeerJudge::PeerJudge(std::string ca_pem, std::filesystem::path crl, sys::Clock& clock)
    : path_(std::move(crl)), clock_(&clock) {
  Trust(std::move(ca_pem));
}

PeerJudge::~PeerJudge() = default;

void PeerJudge::Trust(std::string ca_pem) {
  const std::lock_guard lock(mutex_);
  ca_pem_ = std::move(ca_pem);
  ca_key_ids_ = KeyIdsOf(ca_pem_);
  lists_.reset();  // their signatures are judged by the new bundle
}

// The same few come with each call, and OpenSSL 3.0 needs a fifth of a millisecond for each.
base::Result<PeerJudge::Peer> PeerJudge::Read(const std::string& certificate_pem) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = read_.find(certificate_pem); found != read_.end()) {
      return found->second;
    }
  }
  auto parsed = ParseCertificate(certificate_pem);
  if (!parsed) {
    return base::Fail(
        Refused("pki.not_a_certificate",
                "your certificate cannot be read; issue one with 'zoowarden pki issue'"));
  }
  auto peer = std::make_shared<const CertificateInfo>(*std::move(parsed));
  const std::lock_guard lock(mutex_);
  if (read_.size() >= kMostRead) {
    read_.clear();
  }
  read_.emplace(certificate_pem, peer);
  return peer;
}

base::Status PeerJudge::Judge(const std::string& certificate_pem) {
  ZW_ASSIGN(const Peer peer, Read(certificate_pem));
  // The handshake saw to it once; a connection may outlive it.
  if (Now() > peer->not_after) {
    return base::Fail(Refused("pki.expired",
                              "certificate " + peer->serial +
                                  " has expired; renew it with 'zoowarden pki renew' or issue "
                                  "another with 'zoowarden pki issue'"));
  }
  const std::lock_guard lock(mutex_);
  if (std::find(ca_key_ids_.begin(), ca_key_ids_.end(), peer->issuer_key_id) == ca_key_ids_.end()) {
    return base::Fail(Refused("pki.removed_ca",
                              "the CA of certificate " + peer->serial +
                                  " is not trusted any more; use one of the present CA"));
  }
  if (path_.empty()) {
    return base::Ok();
  }
  const auto lists = Load();
  base::Status usable = lists ? CheckUsable(**lists) : base::Fail(lists.error());
  LogOnce(usable);
  if (!lists) {
    return usable;
  }
  // One that has expired, or stands there without another CA's, still binds whom it names.
  const auto about = ListsOf((*lists)->crls.lists, peer->issuer_key_id);
  if (std::any_of(about.begin(), about.end(), [&](const Crl& list) {
        return list.serials.contains(peer->serial);
      })) {
    return base::Fail(Refused("pki.revoked",
                              "certificate " + peer->serial +
                                  " has been revoked; issue another with 'zoowarden pki issue'"));
  }
  return usable;
}

bool PeerJudge::IsUnusableCrl(const base::Error& error) {
  return error.reason().starts_with("pki.crl_");
}

std::optional<CrlState> PeerJudge::FirstToEnd() {
  const std::lock_guard lock(mutex_);
  const auto lists = path_.empty() ? nullptr : Load().value_or(nullptr);
  if (lists == nullptr || !CheckUsable(*lists)) {
    return std::nullopt;
  }
  const auto& crls = lists->crls.lists;
  const auto first = std::min_element(crls.begin(), crls.end(), [](const Crl& a, const Crl& b) {
    return a.not_after < b.not_after;
  });
  return CrlState{.number = first->number, .not_after = first->not_after};
}

base::Status PeerJudge::Replace(const std::string& crl_pem) {
  const std::lock_guard lock(mutex_);
  if (path_.empty()) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.crl_not_configured",
                      "agent.yaml names no pki.crl, so nobody would look at the list; name one "
                      "and restart the agent");
  }
  ZW_ASSIGN(const auto crls, ParseCrls(crl_pem, ca_pem_));
  ZW_TRY(CheckTimes(crls));
  // One that cannot be read binds nobody: this is the way to mend it. An expired one does, and so
  // does one that stands there without another CA's.
  if (const auto present = Load()) {
    for (const Crl& crl : crls) {
      ZW_TRY(CheckNewer(crl, ListsOf((*present)->crls.lists, crl.issuer_key_id)));
    }
  }
  return sys::WriteFileAtomically(path_, crl_pem, kPublic);
}

base::Result<std::shared_ptr<const PeerJudge::Lists>> PeerJudge::Load() {
  const auto file = StateOf(path_);
  if (!file) {
    return base::Fail(Refused(errno == ENOENT ? "pki.crl_missing" : "pki.crl_unreadable",
                              "everybody is refused here, because the revocation list " +
                                  path_.native() + " cannot be found: " + std::strerror(errno) +
                                  "; put it there, or 'zoowarden pki push-crl'"));
  }
  if (lists_ == nullptr || lists_->file != *file) {
    auto text = sys::ReadFile(path_, kMaxCrl);
    auto crls =
        text ? ReadSignedCrls(*text, ca_pem_) : base::Result<SignedCrls>(base::Fail(text.error()));
    if (!crls) {
      lists_.reset();
      return base::Fail(RefusedByList(crls.error()));
    }
    auto complete = CheckComplete(*crls, ca_pem_);
    lists_ = std::make_shared<const Lists>(
        Lists{.file = *file, .crls = *std::move(crls), .complete = std::move(complete)});
  }
  return lists_;
}

base::Error PeerJudge::RefusedByList(const base::Error& why) const {
  return Refused(IsUnusableCrl(why) ? why.reason() : "pki.crl_unreadable",
                 "everybody is refused here, because of " + path_.native() + ": " + why.message());
}

base::Status PeerJudge::CheckUsable(const Lists& lists) const {
  if (!lists.complete) {
    return base::Fail(RefusedByList(lists.complete.error()));
  }
  const auto current = CheckTimes(lists.crls.lists);
  return current ? base::Ok() : base::Fail(RefusedByList(current.error()));
}

UnixTime PeerJudge::Now() const { return std::chrono::duration_cast<UnixTime>(clock_->WallTime()); }

base::Status PeerJudge::CheckTimes(const std::vector<Crl>& crls) const {
  for (const Crl& crl : crls) {
    if (Now() > crl.not_after) {
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "pki.crl_expired",
                        "revocation list " + std::to_string(crl.number) +
                            " has expired; make a new one with 'zoowarden pki crl' and bring it "
                            "there with 'zoowarden pki push-crl'");
    }
  }
  return base::Ok();
}

void PeerJudge::LogOnce(const base::Status& status) {
  const std::string reason = status ? "" : status.error().reason();
  if (reason != logged_ && !reason.empty()) {
    base::LogError("refuses=everybody reason=" + reason + " " + status.error().message());
  } else if (reason != logged_) {
    base::LogInfo("refuses=revoked revocation_list=usable again");
  }
  logged_ = reason;
}

}  // namespace zoowarden::pki
