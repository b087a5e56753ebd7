#include "config/agent_file.h"

#include "base/text.h"
#include "config/mirror.h"
#include "config/yaml_reader.h"
#include "sys/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace zoowarden::config {
namespace {

constexpr std::size_t kMostBytes = 1U << 20U;
constexpr std::uint64_t kMebibyte = 1024ULL * 1024;
constexpr std::uint64_t kMostUploadsMebibytes = 1024ULL * 1024;

base::Result<std::string> AbsoluteOf(const YamlValue& value) {
  ZW_ASSIGN(const auto text, value.Text());
  if (text.front() != '/') {
    return base::Fail(value.Refuse(
        "relative_path", "must be an absolute path, not '" + base::Printable(text, 80) + "'"));
  }
  auto normal = std::filesystem::path(text).lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') {
    normal.pop_back();
  }
  return normal;
}

base::Status ReadPath(const YamlMap& map, std::string_view key, std::string& target) {
  if (const auto value = map.Find(key)) {
    ZW_ASSIGN(target, AbsoluteOf(*value));
  }
  return base::Ok();
}

base::Status NeedPath(const YamlMap& map, std::string_view key, std::string& target) {
  ZW_TRY(map.Need(key));
  return ReadPath(map, key, target);
}

// A file that must be there and be readable now: better here than at the first handshake.
// `when_missing`: what then makes it.
base::Status NeedReadableFile(const YamlMap& map,
                              std::string_view key,
                              std::string& target,
                              std::string_view when_missing = {}) {
  ZW_TRY(NeedPath(map, key, target));
  struct stat status {};
  if (::stat(target.c_str(), &status) != 0 || ::access(target.c_str(), R_OK) != 0) {
    const std::string why =
        std::strerror(errno) + std::string(errno == ENOENT ? when_missing : std::string_view());
    return base::Fail(
        map.Find(key)->Refuse("unreadable", "names " + target + ", which cannot be read: " + why));
  }
  if (!S_ISREG(status.st_mode)) {
    return base::Fail(
        map.Find(key)->Refuse("unreadable", "names " + target + ", which is no regular file"));
  }
  return base::Ok();
}

base::Status ReadPki(const YamlValue& value, PkiFilesMust must, PkiFiles& pki) {
  ZW_ASSIGN(const auto map, value.Map({"ca", "certificate", "key", "crl"}));
  const auto need = [&](std::string_view key, std::string& target) {
    return must == PkiFilesMust::kBeReadable
               ? NeedReadableFile(map, key, target, "; get it by 'zoowarden-agent enroll'")
               : NeedPath(map, key, target);
  };
  ZW_TRY(need("ca", pki.ca));
  ZW_TRY(need("certificate", pki.certificate));
  ZW_TRY(need("key", pki.key));
  // It may be missing: the agent then refuses its callers, and takes the list from an operator.
  ZW_TRY(ReadPath(map, "crl", pki.crl));
  struct stat status {};
  if (must == PkiFilesMust::kBeReadable && ::stat(pki.key.c_str(), &status) == 0 &&
      (status.st_mode & 077U) != 0) {
    return base::Fail(map.Find("key")->Refuse(
        "key_exposed", "names " + pki.key + ", which others may read: chmod 600 " + pki.key));
  }
  return base::Ok();
}

bool IsInside(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

// The agent never writes into data directories (safety I9), so none of its own may be inside one.
base::Status KeepOutOfData(const YamlValue& value,
                           const std::string& path,
                           const InstanceConfig& instance) {
  for (const auto& data : {instance.data_directory, instance.data_log_directory}) {
    if (IsInside(path, data)) {
      return base::Fail(value.Refuse("bad_value", "must not be inside the data directory " + data));
    }
  }
  return base::Ok();
}

// Purging the agent's package removes its state, and must not remove a server with it.
base::Status KeepOutOfState(const YamlValue& value,
                            const std::string& state_directory,
                            const InstanceConfig& instance) {
  for (const auto& directory : {instance.data_directory,
                                instance.data_log_directory,
                                instance.releases,
                                instance.generations}) {
    if (IsInside(directory, state_directory)) {
      return base::Fail(value.Refuse("bad_value", "must not contain the server's " + directory));
    }
  }
  return base::Ok();
}

bool IsServiceUnit(const std::string& name) {
  constexpr std::size_t kMostCharacters = 255;  // systemd's own limit
  return name.ends_with(".service") && name.size() <= kMostCharacters && name.front() != '.' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             ":-_.@\\") == std::string::npos;
}

base::Status ReadUnit(const YamlMap& map, InstanceConfig& instance) {
  const auto unit = map.Find("unit");
  if (!unit) {
    return base::Ok();
  }
  ZW_ASSIGN(instance.unit, unit->Text());
  return IsServiceUnit(instance.unit)
             ? base::Ok()
             : base::Status(base::Fail(unit->Refuse("bad_value",
                                                    "must be the name of a service unit such as "
                                                    "zookeeper.service, not '" +
                                                        base::Printable(instance.unit, 60) + "'")));
}

// What the manager needs to know, and nothing that belongs to another one.
base::Status ReadManager(const YamlMap& map, InstanceConfig& instance) {
  if (const auto manager = map.Find("manager")) {
    ZW_ASSIGN(instance.manager, manager->Text());
    if (instance.manager != "zkserver" && instance.manager != "systemd" &&
        instance.manager != "sysv") {
      return base::Fail(manager->Refuse("bad_value",
                                        "must be zkserver, systemd or sysv, not '" +
                                            base::Printable(instance.manager, 60) + "'"));
    }
  }
  const bool sysv = instance.manager == "sysv";
  for (const char* key : {"unit", "init_script", "pid_file"}) {
    const auto value = map.Find(key);
    if (value && !sysv && (instance.manager == "zkserver" || std::string_view(key) != "unit")) {
      return base::Fail(
          value->Refuse("bad_value", "does not go with manager: " + instance.manager));
    }
  }
  ZW_TRY(ReadUnit(map, instance));
  if (sysv) {
    ZW_TRY(NeedPath(map, "init_script", instance.init_script));
    ZW_TRY(NeedPath(map, "pid_file", instance.pid_file));
  }
  if (instance.unit.empty() && instance.manager != "zkserver") {
    // systemd names what it generates from an init script after the script.
    instance.unit =
        sysv ? std::filesystem::path(instance.init_script).filename().string() + ".service"
             : "zoowarden-zookeeper.service";
  }
  return base::Ok();
}

base::Status ReadUser(const YamlMap& map, InstanceConfig& instance) {
  const auto user = map.Find("user");
  if (!user) {
    return base::Ok();
  }
  ZW_ASSIGN(instance.user, user->Text());
  if (instance.user.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") !=
      std::string::npos) {
    return base::Fail(user->Refuse(
        "bad_value", "must be a user's name, not '" + base::Printable(instance.user, 60) + "'"));
  }
  return base::Ok();
}

base::Status ReadInstance(const YamlValue& value, InstanceConfig& instance) {
  ZW_ASSIGN(const auto map,
            value.Map({"releases",
                       "generations",
                       "data_directory",
                       "data_log_directory",
                       "log_directory",
                       "manager",
                       "unit",
                       "init_script",
                       "pid_file",
                       "java_home",
                       "user"}));
  ZW_TRY(NeedPath(map, "releases", instance.releases));
  ZW_TRY(NeedPath(map, "generations", instance.generations));
  ZW_TRY(NeedPath(map, "data_directory", instance.data_directory));
  instance.data_log_directory = instance.data_directory;
  ZW_TRY(ReadPath(map, "data_log_directory", instance.data_log_directory));
  ZW_TRY(NeedPath(map, "log_directory", instance.log_directory));
  ZW_TRY(ReadPath(map, "java_home", instance.java_home));
  ZW_TRY(KeepOutOfData(*map.Find("releases"), instance.releases, instance));
  ZW_TRY(KeepOutOfData(*map.Find("generations"), instance.generations, instance));
  ZW_TRY(ReadManager(map, instance));
  return ReadUser(map, instance);
}

base::Status ReadFingerprints(const YamlValue& value, std::vector<std::string>& fingerprints) {
  ZW_ASSIGN(const auto items, value.List());
  for (const auto& item : items) {
    ZW_ASSIGN(auto text, item.Text());
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
      return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if ((text.size() != 40 && text.size() != 64) ||
        text.find_first_not_of("0123456789ABCDEF") != std::string::npos) {
      return base::Fail(
          item.Refuse("bad_value",
                      "must be a whole OpenPGP fingerprint of 40 or 64 hexadecimal digits, not '" +
                          base::Printable(text, 80) + "'"));
    }
    fingerprints.push_back(std::move(text));
  }
  return base::Ok();
}

base::Status ReadSignatures(const YamlValue& value, SignaturePolicy& signatures) {
  ZW_ASSIGN(const auto map, value.Map({"required", "keyring", "fingerprints"}));
  ZW_TRY(map.ReadTruth("required", signatures.required));
  if (map.Find("keyring")) {
    ZW_TRY(NeedReadableFile(map, "keyring", signatures.keyring));
  }
  if (const auto fingerprints = map.Find("fingerprints")) {
    ZW_TRY(ReadFingerprints(*fingerprints, signatures.fingerprints));
  }
  if (signatures.required && (signatures.keyring.empty() || signatures.fingerprints.empty())) {
    return base::Fail(value.Refuse(
        "missing_key", "needs a keyring and at least one of fingerprints when required is true"));
  }
  return base::Ok();
}

base::Result<model::Version> VersionOf(const YamlValue& value) {
  ZW_ASSIGN(const auto text, value.Text());
  const auto version = model::ParseVersion(text);
  if (!version || version->ToString() != text) {
    return base::Fail(value.Refuse(
        "bad_value", "must be a version such as 3.8.4, not '" + base::Printable(text, 60) + "'"));
  }
  return *version;
}

base::Status ReadReleases(const YamlValue& value, ReleasePolicy& releases) {
  ZW_ASSIGN(const auto map, value.Map({"floor", "deny", "keep", "uploads_limit_mib"}));
  ZW_TRY(map.ReadNumber("keep", {1, 1000}, releases.keep));
  std::uint64_t limit = releases.most_upload_bytes / kMebibyte;
  ZW_TRY(map.ReadNumber("uploads_limit_mib", {1, kMostUploadsMebibytes}, limit));
  releases.most_upload_bytes = limit * kMebibyte;
  if (const auto floor = map.Find("floor")) {
    ZW_ASSIGN(releases.floor, VersionOf(*floor));
  }
  if (const auto deny = map.Find("deny")) {
    ZW_ASSIGN(const auto items, deny->List());
    for (const auto& item : items) {
      ZW_ASSIGN(const auto version, VersionOf(item));
      releases.deny.push_back(version);
    }
  }
  return base::Ok();
}

base::Status ReadRecords(const YamlValue& value, RecordPolicy& records) {
  ZW_ASSIGN(const auto map, value.Map({"keep", "keep_days"}));
  ZW_TRY(map.ReadNumber("keep", {10, 10'000}, records.keep));
  std::uint64_t days = static_cast<std::uint64_t>(records.keep_for.count()) / 24;
  ZW_TRY(map.ReadNumber("keep_days", {1, 3'650}, days));
  records.keep_for = std::chrono::hours(24 * days);
  return base::Ok();
}

base::Status ReadDownload(const YamlValue& value, DownloadConfig& download) {
  ZW_ASSIGN(const auto map, value.Map({"from", "ca", "size_limit_mib", "stall", "timeout"}));
  ZW_ASSIGN(const auto from, map.Need("from"));
  ZW_ASSIGN(const auto items, from.List());
  for (const auto& item : items) {
    ZW_ASSIGN(auto mirror, ReadMirror(item));
    download.from.push_back(std::move(mirror));
  }
  if (map.Find("ca")) {
    ZW_TRY(NeedReadableFile(map, "ca", download.ca));
  }
  std::uint64_t limit = download.most_bytes / kMebibyte;
  ZW_TRY(map.ReadNumber("size_limit_mib", {1, limit}, limit));
  download.most_bytes = limit * kMebibyte;
  ZW_TRY(map.ReadDuration(
      "stall", {std::chrono::seconds(1), std::chrono::minutes(10)}, download.stall));
  return map.ReadDuration(
      "timeout", {std::chrono::seconds(1), std::chrono::hours(24)}, download.timeout);
}

base::Status ReadArchiveDirectories(const YamlValue& value, std::vector<std::string>& directories) {
  ZW_ASSIGN(const auto items, value.List());
  for (const auto& item : items) {
    ZW_ASSIGN(auto path, AbsoluteOf(item));
    directories.push_back(std::move(path));
  }
  return base::Ok();
}

base::Status ReadIdentity(const YamlMap& root, AgentConfig& agent) {
  ZW_ASSIGN(const auto ensemble, root.Need("ensemble"));
  ZW_ASSIGN(agent.ensemble, ensemble.Text());
  if (agent.ensemble.size() > 60 ||
      agent.ensemble.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") !=
          std::string::npos) {
    return base::Fail(ensemble.Refuse(
        "bad_value", "must be made of lower-case letters, digits and '-', at most 60"));
  }
  ZW_ASSIGN(const auto server, root.Need("server"));
  ZW_ASSIGN(const auto id, server.Number({1, 255}));
  agent.server.value = static_cast<std::uint32_t>(id);
  ZW_ASSIGN(const auto listen, root.Need("listen"));
  ZW_ASSIGN(agent.listen, listen.Endpoint());
  return base::Ok();
}

}  // namespace

base::Result<AgentConfig> ParseAgent(std::string_view text,
                                     const std::string& path,
                                     PkiFilesMust must) {
  ZW_ASSIGN(const auto value, ReadYaml(text, path));
  ZW_ASSIGN(const auto root,
            value.Map({"ensemble",
                       "server",
                       "listen",
                       "pki",
                       "state_directory",
                       "instance",
                       "archive_directories",
                       "signatures",
                       "releases",
                       "download",
                       "records",
                       "lease_lapse"}));
  AgentConfig agent;
  ZW_TRY(ReadIdentity(root, agent));
  ZW_ASSIGN(const auto pki, root.Need("pki"));
  ZW_TRY(ReadPki(pki, must, agent.pki));
  ZW_TRY(NeedPath(root, "state_directory", agent.state_directory));
  ZW_ASSIGN(const auto instance, root.Need("instance"));
  ZW_TRY(ReadInstance(instance, agent.instance));
  ZW_TRY(KeepOutOfData(*root.Find("state_directory"), agent.state_directory, agent.instance));
  ZW_TRY(KeepOutOfState(*root.Find("state_directory"), agent.state_directory, agent.instance));
  if (const auto directories = root.Find("archive_directories")) {
    ZW_TRY(ReadArchiveDirectories(*directories, agent.archive_directories));
  }
  if (const auto signatures = root.Find("signatures")) {
    ZW_TRY(ReadSignatures(*signatures, agent.signatures));
  }
  if (const auto releases = root.Find("releases")) {
    ZW_TRY(ReadReleases(*releases, agent.releases));
  }
  if (const auto download = root.Find("download")) {
    ZW_TRY(ReadDownload(*download, agent.download));
  }
  if (const auto records = root.Find("records")) {
    ZW_TRY(ReadRecords(*records, agent.records));
  }
  ZW_TRY(root.ReadDuration(
      "lease_lapse", {std::chrono::seconds(1), std::chrono::minutes(10)}, agent.lease_lapse));
  return agent;
}

base::Result<AgentConfig> LoadAgentFile(const std::string& path, PkiFilesMust must) {
  ZW_ASSIGN(const auto text, sys::ReadFile(path, kMostBytes));
  return ParseAgent(text, path, must);
}

}  // namespace zoowarden::config
