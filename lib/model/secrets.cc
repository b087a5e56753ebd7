#include "model/secrets.h"

#include <algorithm>
#include <array>
#include <string>

namespace zoowarden::model {
namespace {

constexpr std::array<std::string_view, 8> kSecretWords = {"password",
                                                          "passwd",
                                                          "passphrase",
                                                          "secret",
                                                          "superdigest",
                                                          "credential",
                                                          "privatekey",
                                                          "token"};

}  // namespace

bool IsSecretKey(std::string_view key) {
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::any_of(kSecretWords.begin(), kSecretWords.end(), [&](std::string_view word) {
    return lower.find(word) != std::string::npos;
  });
}

std::string MaskSecretOption(const std::string& option) {
  const auto equals = option.find('=');
  const bool property = option.starts_with("-D") && equals != std::string::npos;
  return property && IsSecretKey(std::string_view(option).substr(0, equals))
             ? option.substr(0, equals + 1).append(kMaskedValue)
             : option;
}

Settings MaskSecrets(Settings settings) {
  for (auto& [key, value] : settings) {
    if (IsSecretKey(key)) {
      value = kMaskedValue;
    }
  }
  return settings;
}

}  // namespace zoowarden::model
