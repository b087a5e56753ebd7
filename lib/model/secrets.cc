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

Settings MaskSecrets(Settings settings) {
  for (auto& [key, value] : settings) {
    if (IsSecretKey(key)) {
      value = kMaskedValue;
    }
  }
  return settings;
}

}  // namespace zoowarden::model
