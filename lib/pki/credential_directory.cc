#include "pki/credential_directory.h"

#include "sys/files.h"

#include <set>
#include <system_error>

namespace zoowarden::pki {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPublic = 0644;
constexpr mode_t kSecret = 0600;
constexpr std::size_t kMaxBeside = 4UL * 1024 * 1024;
constexpr std::size_t kSerialDigits = 16;

fs::path LinkOf(const CredentialFiles& files) { return files.certificate.parent_path(); }

std::string Prefix(const fs::path& link) { return link.filename().native() + "-"; }

// Only what this file made may be removed.
bool IsOurs(const fs::path& link, const fs::path& target) {
  const auto name = target.native();
  const auto prefix = Prefix(link);
  return name.starts_with(prefix) && name.size() == prefix.size() + kSerialDigits &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

// As one word of a shell.
std::string Quoted(const std::string& path) {
  std::string quoted = "'";
  for (const char c : path) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

// Regular files that the new set does not bring: a revocation list, a keyring.
base::Status CopyBeside(const fs::path& from,
                        const fs::path& to,
                        const std::set<fs::path>& new_names) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    const fs::path name = entry.path().filename();
    if (!entry.is_regular_file(error) || new_names.contains(name)) {
      continue;
    }
    ZW_ASSIGN(const auto content, sys::ReadFile(entry.path(), kMaxBeside));
    const auto mode = static_cast<mode_t>(entry.status(error).permissions()) & 0777U;
    ZW_TRY(sys::WriteFileAtomically(to / name, content, mode, sys::IfPresent::kRefuse));
  }
  return base::Ok();
}

// What was replaced, and what interrupted attempts left.
base::Status RemoveOthers(const fs::path& link, const fs::path& present) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(link.parent_path(), error)) {
    const fs::path name = entry.path().filename();
    if (name != present && IsOurs(link, name)) {
      ZW_TRY(sys::RemoveTree(entry.path()));
    }
  }
  return base::Ok();
}

base::Status Fill(const fs::path& directory,
                  const CredentialFiles& files,
                  const CredentialTexts& texts) {
  const fs::path link = LinkOf(files);
  std::set<fs::path> new_names{files.certificate.filename(), files.key.filename()};
  ZW_TRY(sys::WriteFileAtomically(directory / files.key.filename(), texts.key_pem, kSecret));
  ZW_TRY(sys::WriteFileAtomically(
      directory / files.certificate.filename(), texts.certificate_pem, kPublic));
  if (!texts.ca_pem.empty() && files.ca.parent_path() == link) {
    new_names.insert(files.ca.filename());
    ZW_TRY(sys::WriteFileAtomically(directory / files.ca.filename(), texts.ca_pem, kPublic));
  }
  std::error_code error;
  return fs::is_symlink(link, error) ? CopyBeside(link, directory, new_names) : base::Ok();
}

}  // namespace

base::Status CheckSwitchable(const CredentialFiles& files) {
  const fs::path link = LinkOf(files);
  std::error_code error;
  const auto status = fs::symlink_status(link, error);
  const bool together =
      files.key.parent_path() == link && files.key.filename() != files.certificate.filename();
  if (together && (status.type() == fs::file_type::not_found || fs::is_symlink(status) ||
                   (fs::is_directory(status) && fs::is_empty(link, error)))) {
    return base::Ok();
  }
  const std::string link_text = link.native();
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    "pki.not_switchable",
                    together
                        ? link_text +
                              " is not a link to a directory, so certificate and key "
                              "could not be exchanged at one stroke; type: mv " +
                              Quoted(link_text) + " " + Quoted(link_text + "-1") + " && ln -s " +
                              Quoted(link.filename().native() + "-1") + " " + Quoted(link_text)
                        : files.certificate.native() + " and " + files.key.native() +
                              " are not in one directory, so they could not be exchanged at "
                              "one stroke; name two files of one directory in agent.yaml");
}

base::Status InstallCredentials(const CredentialFiles& files, const CredentialTexts& texts) {
  ZW_TRY(CheckSwitchable(files));
  ZW_ASSIGN(const auto info, ParseCertificate(texts.certificate_pem));
  const fs::path link = LinkOf(files);
  const fs::path name = Prefix(link) + info.serial.substr(0, kSerialDigits);
  const fs::path directory = link.parent_path() / name;
  std::error_code ignored;
  if (fs::read_symlink(link, ignored) == name) {
    return base::Ok();  // repeated
  }
  ZW_TRY(sys::RemoveTree(directory));  // of an attempt that was interrupted
  ZW_TRY(sys::EnsureDirectory(directory, 0700));
  auto done = Fill(directory, files, texts);
  if (done && fs::is_directory(fs::symlink_status(link, ignored))) {
    fs::remove(link, ignored);  // empty, as CheckSwitchable saw
  }
  if (done) {
    done = sys::ReplaceSymlink(link, name);
  }
  if (!done) {
    static_cast<void>(sys::RemoveTree(directory));
    return done;
  }
  return RemoveOthers(link, name);
}

}  // namespace zoowarden::pki
