#include "pki/credential_directory.h"

#include "base/shell_word.h"
#include "sys/beneath.h"

#include <sys/stat.h>

#include <map>
#include <set>
#include <string>
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
  const auto& name = target.native();
  const auto prefix = Prefix(link);
  return name.starts_with(prefix) && name.size() == prefix.size() + kSerialDigits &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

// Files and links that the new set does not bring: a revocation list, a keyring.
base::Result<std::map<std::string, mode_t>> LookBeside(const sys::Beneath& present,
                                                       const std::set<fs::path>& new_names) {
  ZW_ASSIGN(const auto names, present.Names());
  std::map<std::string, mode_t> beside;
  for (const std::string& name : names) {
    ZW_ASSIGN(const auto status, present.Look(name));
    if (!status || new_names.contains(name) ||
        (!S_ISLNK(status->st_mode) && !S_ISREG(status->st_mode))) {
      continue;
    }
    if (static_cast<std::size_t>(status->st_size) > kMaxBeside) {
      return base::Fail(base::ErrorCode::kResourceExhausted,
                        "file.too_large",
                        (present.path() / name).native() +
                            " is larger than what is taken along with a certificate (" +
                            std::to_string(kMaxBeside) + " bytes); move it elsewhere");
    }
    beside.emplace(name, status->st_mode);
  }
  return beside;
}

// A link stays one and is not followed; the new directory lies beside the old one, so that a
// relative one names the same.
base::Status CopyBeside(const fs::path& from,
                        const sys::Beneath& to,
                        const std::set<fs::path>& new_names) {
  ZW_ASSIGN(const auto present, sys::Beneath::Open(from));
  ZW_ASSIGN(const auto beside, LookBeside(present, new_names));
  for (const auto& [name, mode] : beside) {
    if (S_ISLNK(mode)) {
      ZW_ASSIGN(const std::string target, present.ReadLink(name));
      ZW_TRY(to.ReplaceLink(name, target));
    } else {
      ZW_ASSIGN(const auto content, present.Read(name, kMaxBeside));
      ZW_TRY(to.Write(name, content, mode & 0777U, sys::IfPresent::kRefuse));
    }
  }
  return base::Ok();
}

// What CopyBeside would refuse only when a certificate has been issued.
base::Status CheckBeside(const CredentialFiles& files) {
  ZW_ASSIGN(const auto present, sys::Beneath::Open(LinkOf(files)));
  ZW_TRY(LookBeside(present, {files.certificate.filename(), files.key.filename()}));
  return base::Ok();
}

// What was replaced, and what interrupted attempts left.
base::Status RemoveOthers(const sys::Beneath& parent, const fs::path& link, const fs::path& kept) {
  ZW_ASSIGN(const auto names, parent.Names());
  for (const std::string& name : names) {
    if (name != kept && IsOurs(link, name)) {
      ZW_TRY(parent.Remove(name));
    }
  }
  return base::Ok();
}

base::Status Fill(const sys::Beneath& directory,
                  const CredentialFiles& files,
                  const CredentialTexts& texts) {
  const fs::path link = LinkOf(files);
  std::set<fs::path> new_names{files.certificate.filename(), files.key.filename()};
  ZW_TRY(directory.Write(files.key.filename(), texts.key_pem, kSecret));
  ZW_TRY(directory.Write(files.certificate.filename(), texts.certificate_pem, kPublic));
  if (!texts.ca_pem.empty() && files.ca.parent_path() == link) {
    new_names.insert(files.ca.filename());
    ZW_TRY(directory.Write(files.ca.filename(), texts.ca_pem, kPublic));
  }
  std::error_code error;
  return fs::is_symlink(link, error) ? CopyBeside(link, directory, new_names) : base::Ok();
}

base::Status FillAndSwitch(const sys::Beneath& parent,
                           const fs::path& name,
                           const CredentialFiles& files,
                           const CredentialTexts& texts) {
  const fs::path link = LinkOf(files).filename();
  ZW_TRY(parent.MakeDirectory(name, 0700));
  ZW_ASSIGN(const auto directory, parent.Directory(name));
  ZW_TRY(Fill(directory, files, texts));
  if (parent.IsDirectory(link)) {
    std::error_code ignored;
    fs::remove(LinkOf(files), ignored);  // empty, as CheckSwitchable saw
  }
  return parent.ReplaceLink(link, name);
}

}  // namespace

base::Status CheckSwitchable(const CredentialFiles& files) {
  const fs::path link = LinkOf(files);
  std::error_code error;
  const auto status = fs::symlink_status(link, error);
  const bool together =
      files.key.parent_path() == link && files.key.filename() != files.certificate.filename();
  if (together && fs::is_symlink(status)) {
    return CheckBeside(files);
  }
  if (together && (status.type() == fs::file_type::not_found ||
                   (fs::is_directory(status) && fs::is_empty(link, error)))) {
    return base::Ok();
  }
  const std::string& link_text = link.native();
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    "pki.not_switchable",
                    together
                        ? link_text +
                              " is not a link to a directory, so certificate and key "
                              "could not be exchanged at one stroke; type: mv " +
                              base::ShellWord(link_text) + " " + base::ShellWord(link_text + "-1") +
                              " && ln -s " + base::ShellWord(link.filename().native() + "-1") +
                              " " + base::ShellWord(link_text)
                        : files.certificate.native() + " and " + files.key.native() +
                              " are not in one directory, so they could not be exchanged at "
                              "one stroke; name two files of one directory in agent.yaml");
}

base::Status InstallCredentials(const CredentialFiles& files, const CredentialTexts& texts) {
  ZW_TRY(CheckSwitchable(files));
  ZW_ASSIGN(const auto info, ParseCertificate(texts.certificate_pem));
  const fs::path link = LinkOf(files);
  const fs::path name = Prefix(link) + info.serial.substr(0, kSerialDigits);
  ZW_ASSIGN(const auto parent, sys::Beneath::Open(link.parent_path()));
  std::error_code ignored;
  if (fs::read_symlink(link, ignored) == name) {
    return base::Ok();  // repeated
  }
  ZW_TRY(parent.Remove(name));  // of an attempt that was interrupted
  if (base::Status done = FillAndSwitch(parent, name, files, texts); !done) {
    static_cast<void>(parent.Remove(name));
    return done;
  }
  return RemoveOthers(parent, link, name);
}

}  // namespace zoowarden::pki
