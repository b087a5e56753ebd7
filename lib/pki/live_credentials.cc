#include "pki/live_credentials.h"

#include "base/log.h"

#include <utility>

namespace zoowarden::pki {

base::Result<std::shared_ptr<LiveCredentials>> LiveCredentials::Load(CredentialFiles files,
                                                                     sys::Clock& clock) {
  ZW_ASSIGN(auto loaded, LoadCredentials(files, clock));
  return std::shared_ptr<LiveCredentials>(
      new LiveCredentials(std::move(files), clock, std::move(loaded)));
}

LiveCredentials::LiveCredentials(Credentials fixed)
    : present_(std::make_shared<const Credentials>(std::move(fixed))) {}

LiveCredentials::LiveCredentials(CredentialFiles files, sys::Clock& clock, Credentials loaded)
    : files_(std::move(files)),
      clock_(&clock),
      present_(std::make_shared<const Credentials>(std::move(loaded))) {}

LiveCredentials::Snapshot LiveCredentials::Get() const {
  const std::lock_guard lock(mutex_);
  return present_;
}

void LiveCredentials::Follow(std::function<void(const Credentials&)> told) {
  const std::lock_guard lock(mutex_);
  told(*present_);
  followers_.push_back(std::move(told));
}

void LiveCredentials::Refresh() {
  const std::lock_guard lock(mutex_);
  if (clock_ == nullptr) {
    return;
  }
  const Seen seen = Look();
  if (seen == seen_) {
    return;
  }
  seen_ = seen;
  auto loaded = ReadCredentialTexts(files_);
  if (loaded && loaded->ca_pem == present_->ca_pem &&
      loaded->certificate_pem == present_->certificate_pem &&
      loaded->key_pem == present_->key_pem) {
    return;
  }
  base::Status good =
      loaded ? CheckCredentials(files_, *loaded, *clock_) : base::Fail(loaded.error());
  if (good && loaded->identity != present_->identity) {
    good = base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.other_identity",
                      files_.certificate.native() + " is for " + loaded->identity.ToUri() +
                          " now, this is " + present_->identity.ToUri() +
                          "; put a certificate of that name there");
  }
  if (!good) {
    seen_ = {};  // looked at again: a clock that is set may make them valid
    if (refused_ != good.error().message()) {
      refused_ = good.error().message();
      base::LogWarn("credentials=kept serial=" + present_->info.serial +
                    " refused_new=" + good.error().reason() + " " + refused_);
    }
    return;
  }
  refused_.clear();
  present_ = std::make_shared<const Credentials>(*std::move(loaded));
  base::LogInfo("credentials=new serial=" + present_->info.serial);
  for (const auto& told : followers_) {
    told(*present_);
  }
}

LiveCredentials::Seen LiveCredentials::Look() const {
  return {StateOf(files_.ca), StateOf(files_.certificate), StateOf(files_.key)};
}

}  // namespace zoowarden::pki
