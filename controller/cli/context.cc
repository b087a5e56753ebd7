#include "controller/cli/context.h"

#include "base/text.h"
#include "controller/cli/error_output.h"

#include <istream>
#include <ostream>

namespace zoowarden::controller {

namespace {

std::optional<std::string> FlagOrEnvironment(const std::optional<std::string>& flag,
                                             const Console& console,
                                             const std::string& variable) {
  if (flag) {
    return flag;
  }
  auto value = console.environment(variable);
  // Set and empty is as good as unset.
  return value && value->empty() ? std::nullopt : value;
}

// The user's directory of one purpose, as the XDG base directory specification names it.
base::Result<std::filesystem::path> UserDirectory(const Console& console,
                                                  const std::string& variable,
                                                  const std::string& below_home) {
  if (const auto value = console.environment(variable); value && value->starts_with("/")) {
    return std::filesystem::path(*value) / "zoowarden";
  }
  const auto home = console.environment("HOME");
  if (!home || !home->starts_with("/")) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.no_home",
                      "neither " + variable + " nor HOME is set");
  }
  return std::filesystem::path(*home) / below_home / "zoowarden";
}

}  // namespace

std::vector<std::string> WordsOf(const GlobalFlags& flags) {
  std::vector<std::string> words;
  const auto add = [&words](const char* name, const std::optional<std::string>& value) {
    if (value) {
      words.insert(words.end(), {name, *value});
    }
  };
  add("--ensemble", flags.ensemble);
  add("--pki", flags.pki);
  add("--crl", flags.crl);
  add("--state", flags.state);
  return words;
}

base::Result<std::string> Context::EnsemblePath() const {
  if (auto path = FlagOrEnvironment(flags_.ensemble, console_, "ZOOWARDEN_ENSEMBLE")) {
    return *std::move(path);
  }
  std::error_code ignored;
  if (std::filesystem::exists("ensemble.yaml", ignored)) {
    return std::string("ensemble.yaml");
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "usage.no_ensemble",
                    "no ensemble is named and there is no ensemble.yaml in this directory");
}

base::Result<std::filesystem::path> Context::PkiDirectory() const {
  if (auto path = FlagOrEnvironment(flags_.pki, console_, "ZOOWARDEN_PKI")) {
    return std::filesystem::path(*std::move(path));
  }
  ZW_ASSIGN(const auto directory, UserDirectory(console_, "XDG_CONFIG_HOME", ".config"));
  return directory / "pki";
}

std::filesystem::path Context::CrlFile() const {
  return FlagOrEnvironment(flags_.crl, console_, "ZOOWARDEN_CRL").value_or("");
}

base::Result<std::filesystem::path> Context::StateDirectory(const std::string& ensemble) const {
  if (auto path = FlagOrEnvironment(flags_.state, console_, "ZOOWARDEN_STATE")) {
    return std::filesystem::path(*std::move(path)) / ensemble;
  }
  ZW_ASSIGN(const auto directory, UserDirectory(console_, "XDG_STATE_HOME", ".local/state"));
  return directory / ensemble;
}

void Context::Print(const Document& document, const std::string& text) {
  if (flags_.output == "json") {
    console_.out << document.ToJson();
  } else if (flags_.output == "yaml") {
    console_.out << document.ToYaml();
  } else {
    console_.out << text;
  }
  console_.out.flush();
}

void Context::Say(const std::string& line) { console_.err << line << std::endl; }

void Context::Warn(const std::string& text) { Say("warning: " + base::Printable(text, 2000)); }

void Context::SayError(const base::Error& error) {
  Say("error: " + base::Printable(error.message(), 4000));
  if (const auto next = NextAction(error); !next.empty()) {
    Say("next: " + next);
  }
}

ExitCode Context::Fail(const base::Error& error) {
  SayError(error);
  if (structured()) {
    Print(ErrorDocument(error), "");
  }
  return ExitCodeOf(error);
}

base::Result<bool> Context::Confirm(const std::string& question) {
  if (flags_.yes) {
    return true;
  }
  if (!console_.in_is_terminal || !console_.err_is_terminal) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.needs_yes",
                      "nothing was changed: there is no terminal to ask at; add --yes to go ahead");
  }
  console_.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(console_.in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace zoowarden::controller
