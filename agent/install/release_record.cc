#include "agent/install/release_record.h"

#include "agent/install/entry_policy.h"
#include "sys/digest.h"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <exception>
#include <map>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::Fail;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr int kFormat = 1;

tl::unexpected<base::Error> Damaged(std::string_view what) {
  return Fail(base::ErrorCode::kDataLoss,
              "release.damaged",
              std::string(kReleaseRecordName) + " " + std::string(what) +
                  "; replace the directory by that of a server on which 'zoowarden releases "
                  "verify' finds it sound");
}

tl::unexpected<base::Error> Changed(const fs::path& directory, std::string_view what) {
  return Fail(base::ErrorCode::kDataLoss,
              "release.tree_changed",
              "release directory " + directory.native() +
                  " was changed after unpacking: " + std::string(what) +
                  "; replace the directory by that of a server on which 'zoowarden releases "
                  "verify' finds it sound");
}

ReleaseRecord FromJson(const json& object) {
  ReleaseRecord record;
  record.version =
      model::ParseVersion(object.at("version").get<std::string>()).value_or(model::Version{});
  record.sha512 = object.at("sha512").get<std::string>();
  for (const auto& file : object.at("files")) {
    record.files.push_back({.path = file.at("path").get<std::string>(),
                            .size = file.at("size").get<std::uint64_t>(),
                            .executable = file.at("executable").get<bool>(),
                            .sha256 = file.at("sha256").get<std::string>()});
  }
  return record;
}

using Expected = std::map<std::string, const ReleaseFile*>;

// One descriptor for what it is and for what is in it.
Status VerifyFile(const sys::Beneath& tree, const ReleaseFile& expected) {
  const auto file = tree.OpenFile(expected.path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) != expected.size ||
      ((status.st_mode & 0111) != 0) != expected.executable) {
    return Changed(tree.path(), "'" + expected.path + "' has another size, mode or type");
  }
  ZW_ASSIGN(const auto digest,
            sys::DigestDescriptor(sys::Hash::kSha256, file->get(), tree.path() / expected.path));
  if (digest != expected.sha256) {
    return Changed(tree.path(), "'" + expected.path + "' has another content");
  }
  return base::Ok();
}

// Takes from `expected` what it finds as it should be.
Status VerifyBelow(const sys::Beneath& tree, const fs::path& below, Expected& expected) {
  ZW_ASSIGN(const auto directory, tree.Directory(below.empty() ? fs::path(".") : below));
  ZW_ASSIGN(const auto names, directory.Names());
  for (const std::string& name : names) {
    const fs::path path = below / name;
    if (directory.IsDirectory(name)) {
      ZW_TRY(VerifyBelow(tree, path, expected));
      continue;
    }
    if (path == kReleaseRecordName) {
      continue;
    }
    const auto found = expected.find(path.native());
    if (found == expected.end()) {
      return Changed(tree.path(), "'" + path.native() + "' was added");
    }
    ZW_TRY(VerifyFile(tree, *found->second));
    expected.erase(found);
  }
  return base::Ok();
}

}  // namespace

std::string PrintReleaseRecord(const ReleaseRecord& record) {
  json files = json::array();
  for (const auto& file : record.files) {
    files.push_back({{"path", file.path},
                     {"size", file.size},
                     {"executable", file.executable},
                     {"sha256", file.sha256}});
  }
  const json object = {{"format", kFormat},
                       {"version", record.version.ToString()},
                       {"sha512", record.sha512},
                       {"files", std::move(files)}};
  return object.dump(1) + "\n";
}

Result<ReleaseRecord> ParseReleaseRecord(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("format") || !object["format"].is_number_integer()) {
    return Damaged("is not a release's record");
  }
  if (object["format"] != kFormat) {
    return Fail(base::ErrorCode::kFailedPrecondition,
                "release.unknown_format",
                std::string(kReleaseRecordName) + " has format " + object["format"].dump() +
                    ", this agent knows " + std::to_string(kFormat) +
                    "; use the agent that unpacked the release");
  }
  try {
    return FromJson(object);
  } catch (const std::exception&) {
    return Damaged("lacks a field or has a wrong type");
  }
}

Status VerifyTree(const sys::Beneath& tree, const ReleaseRecord& record) {
  Expected expected;
  for (const auto& file : record.files) {
    expected.emplace(file.path, &file);
  }
  ZW_TRY(VerifyBelow(tree, {}, expected));
  if (!expected.empty()) {
    return Changed(tree.path(), "'" + expected.begin()->first + "' is gone");
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
