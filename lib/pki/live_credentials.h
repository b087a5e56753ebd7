// The credentials of a running process, which follow their files: a new certificate, key or CA that
// was put in their place is taken without a restart, and only when all three belong together.
// Whatever else is found there changes nothing. Thread-safe.
#pragma once

#include "base/error.h"
#include "pki/credentials.h"
#include "pki/file_state.h"
#include "sys/clock.h"

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::pki {

class LiveCredentials {
 public:
  using Snapshot = std::shared_ptr<const Credentials>;

  // Errors of LoadCredentials. The clock must outlive it.
  [[nodiscard]] static base::Result<std::shared_ptr<LiveCredentials>> Load(CredentialFiles files,
                                                                           sys::Clock& clock);
  // Credentials that follow nothing.
  explicit LiveCredentials(Credentials fixed);

  [[nodiscard]] Snapshot Get() const;

  // Called with the present credentials now, and in the thread of Refresh with each later ones.
  void Follow(std::function<void(const Credentials&)> told);

  // Looks at the files and takes what is new and good; cheap when nothing has changed, so call it
  // every second or so. A name other than the present one is refused too: `pki.other_identity`.
  // What is refused is logged once.
  void Refresh();

 private:
  using Seen = std::array<std::optional<FileState>, 3>;

  LiveCredentials(CredentialFiles files, sys::Clock& clock, Credentials loaded);
  [[nodiscard]] Seen Look() const;

  CredentialFiles files_;
  sys::Clock* clock_ = nullptr;
  mutable std::mutex mutex_;
  Snapshot present_;
  std::vector<std::function<void(const Credentials&)>> followers_;
  std::string refused_;  // the text of the last refusal
  Seen seen_;            // when the files were last read; nothing before the first Refresh
};

}  // namespace zoowarden::pki
