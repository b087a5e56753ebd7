// Changing ensemble.yaml the way a careful person would: only the scalars that changed, every other
// byte (comments, layout, quotes, line ends) kept. Used after a run that succeeded.
//
// Proved, not hoped: the edited text is parsed again and must be the old tree with exactly these
// scalars changed, else nothing is written (aliases and block scalars are refused that way).
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>

namespace zoowarden::config {

// What `release:` shall say.
struct ReleaseEdit {
  std::string version;
  // Absolute. Written relative to the file's directory when the file's `source` is written so
  // today.
  std::string source;  // empty = none: the key is not added, an old one becomes ""
  std::string sha512;
  std::string signature;  // as source
};

// Behind `sha512: adopted` as `zoowarden import` writes it; goes away with that value.
inline constexpr std::string_view kAdoptedNote =
    "# what ran before Zoowarden came: there is no archive of it";

// The text with the release changed; the same text when it says so already. `path` is the file's
// absolute path. Errors: kFailedPrecondition "config.not_editable" with the position.
[[nodiscard]] base::Result<std::string> EditRelease(std::string_view text,
                                                    const std::string& path,
                                                    const ReleaseEdit& release);

// Edits the file in one atomic write, mode kept. `expected` is the text that the run was planned
// from: when a person has changed the file since, nothing is written (kAborted
// "config.changed_meanwhile"). Idempotent.
[[nodiscard]] base::Status EditReleaseInFile(const std::string& path,
                                             std::string_view expected,
                                             const ReleaseEdit& release);

}  // namespace zoowarden::config
