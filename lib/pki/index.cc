#include "pki/index.h"

#include "sys/files.h"

#include <nlohmann/json.hpp>

#include <exception>

namespace zoowarden::pki {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr std::size_t kMaxIndex = 64UL * 1024 * 1024;
constexpr mode_t kSecret = 0600;

std::filesystem::path FileOf(const std::filesystem::path& ca_directory) {
  return ca_directory / "index.json";
}

json TimeOrNull(const std::optional<UnixTime>& time) { return time ? json(time->count()) : json(); }

std::optional<UnixTime> OptionalTime(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(UnixTime(value.get<std::int64_t>()));
}

json ToJson(const IssuedCertificate& certificate) {
  return {{"serial", certificate.serial},
          {"name", certificate.name},
          {"not_before", certificate.not_before.count()},
          {"not_after", certificate.not_after.count()},
          {"revoked", TimeOrNull(certificate.revoked)}};
}

json ToJson(const IssuedToken& token) {
  return {{"id", token.id},
          {"secret_sha256", token.secret_sha256},
          {"name", token.name},
          {"expires", token.expires.count()},
          {"used", TimeOrNull(token.used)},
          {"serial", token.serial}};
}

Index FromJson(const json& object) {
  Index index{.crl_number = object.at("crl_number").get<std::uint64_t>()};
  for (const json& entry : object.at("certificates")) {
    index.certificates.push_back(
        {.serial = entry.at("serial").get<std::string>(),
         .name = entry.at("name").get<std::string>(),
         .not_before = UnixTime(entry.at("not_before").get<std::int64_t>()),
         .not_after = UnixTime(entry.at("not_after").get<std::int64_t>()),
         .revoked = OptionalTime(entry.at("revoked"))});
  }
  for (const json& entry : object.at("tokens")) {
    index.tokens.push_back({.id = entry.at("id").get<std::string>(),
                            .secret_sha256 = entry.at("secret_sha256").get<std::string>(),
                            .name = entry.at("name").get<std::string>(),
                            .expires = UnixTime(entry.at("expires").get<std::int64_t>()),
                            .used = OptionalTime(entry.at("used")),
                            .serial = entry.at("serial").get<std::string>()});
  }
  return index;
}

base::Error Damaged(const std::filesystem::path& file) {
  return {base::ErrorCode::kDataLoss,
          "pki.damaged_index",
          file.native() +
              " is damaged; restore it from a backup: without it nobody knows which "
              "certificates are revoked"};
}

}  // namespace

base::Result<Index> ReadIndex(const std::filesystem::path& ca_directory) {
  const auto file = FileOf(ca_directory);
  const auto text = sys::ReadFile(file, kMaxIndex);
  if (!text && text.error().Is(base::ErrorCode::kNotFound)) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.no_index",
                      file.native() +
                          " is missing; restore it from a backup, or, for a CA that never had one, "
                          "begin it with 'zoowarden pki init --dir " +
                          ca_directory.native() + " --add-index'");
  }
  if (!text) {
    return base::Fail(text.error());
  }
  const json object = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("format") || !object["format"].is_number_integer()) {
    return base::Fail(Damaged(file));
  }
  if (object["format"] != kFormat) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.unknown_index_format",
                      file.native() + " has format " + object["format"].dump() +
                          ", this program knows " + std::to_string(kFormat) +
                          "; use the program that wrote it");
  }
  try {
    return FromJson(object);
  } catch (const std::exception&) {
    return base::Fail(Damaged(file));
  }
}

base::Status WriteIndex(const std::filesystem::path& ca_directory, const Index& index) {
  json object = {{"format", kFormat},
                 {"crl_number", index.crl_number},
                 {"certificates", json::array()},
                 {"tokens", json::array()}};
  for (const auto& certificate : index.certificates) {
    object["certificates"].push_back(ToJson(certificate));
  }
  for (const auto& token : index.tokens) {
    object["tokens"].push_back(ToJson(token));
  }
  return sys::WriteFileAtomically(FileOf(ca_directory),
                                  object.dump(1, ' ', false, json::error_handler_t::replace) + "\n",
                                  kSecret);
}

}  // namespace zoowarden::pki
