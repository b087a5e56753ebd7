// Which zoo.cfg settings are secrets, by the name of the key, and how they are shown. Pure.
#pragma once

#include "model/ensemble.h"

#include <string>
#include <string_view>

namespace zoowarden::model {

inline constexpr std::string_view kMaskedValue = "********";

// "ssl.keyStore.password", "DigestAuthenticationProvider.superDigest". Rather one too many.
[[nodiscard]] bool IsSecretKey(std::string_view key);

// A JVM option as it may be shown: the value of "-Dfoo.password=..." is masked.
[[nodiscard]] std::string MaskSecretOption(const std::string& option);

// The settings as they may be shown, stored beside the data or logged.
[[nodiscard]] Settings MaskSecrets(Settings settings);

}  // namespace zoowarden::model
