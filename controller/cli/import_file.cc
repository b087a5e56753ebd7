#include "controller/cli/import_file.h"

#include "base/text.h"
#include "config/digests.h"
#include "config/ensemble_edit.h"
#include "config/ensemble_file.h"
#include "controller/run/prepare.h"

#include <algorithm>
#include <string_view>

namespace zoowarden::controller {
namespace {

using Servers = std::vector<FoundServer>;

constexpr std::string_view kPlainCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";

// As YAML: plain where nothing could be read otherwise, else in double quotes.
std::string Scalar(const std::string& text) {
  const bool plain = !text.empty() && text.front() != '-' && text.front() != '.' &&
                     text.find_first_not_of(kPlainCharacters) == std::string::npos;
  if (plain && text != "null") {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + '"';
}

void AddComment(std::string& text, std::string_view indent, const std::string& comment) {
  text.append(indent).append("# ").append(base::Printable(comment, 2000)).append("\n");
}

void AddSettings(std::string& text, std::string_view indent, const model::Settings& settings) {
  for (const auto& [key, value] : settings) {
    text.append(indent).append(key).append(": ").append(Scalar(value));
    if (value == model::kKeptOnServer) {
      text += "   # the value stays on the server";
    }
    text += "\n";
  }
}

// Those that all servers have with the same value.
model::Settings CommonSettings(const Servers& servers) {
  model::Settings common = servers.front().found.configuration.settings;
  for (const FoundServer& server : servers) {
    const auto& own = server.found.configuration.settings;
    std::erase_if(common, [&own](const auto& entry) {
      const auto found = own.find(entry.first);
      return found == own.end() || found->second != entry.second;
    });
  }
  return common;
}

std::vector<std::string> CommonNotes(const Servers& servers) {
  std::vector<std::string> common = servers.front().found.notes;
  for (const FoundServer& server : servers) {
    std::erase_if(common, [&server](const std::string& note) {
      const auto& notes = server.found.notes;
      return std::find(notes.begin(), notes.end(), note) == notes.end();
    });
  }
  return common;
}

void AddHead(std::string& text, const std::string& ensemble, const Servers& servers) {
  const auto& first = servers.front().found;
  text +=
      "# Written by `zoowarden import` from what runs; no server was touched. `zoowarden adopt`\n"
      "# takes it over as it is, then `zoowarden plan` has nothing to do.\n"
      "ensemble: " +
      ensemble +
      "\n"
      "release:\n"
      "  version: " +
      first.version->ToString() +
      "\n"
      "  source: \"\"\n"
      "  sha512: " +
      std::string(config::kAdopted) + "   " + std::string(config::kAdoptedNote) + "\n";
}

void AddConfiguration(std::string& text,
                      const Servers& servers,
                      const model::Settings& common,
                      const std::vector<std::string>& notes) {
  text += "config:\n";
  for (const std::string& note : notes) {
    AddComment(text, "  ", note);
  }
  if (!common.empty()) {
    text += "  settings:\n";
    AddSettings(text, "    ", common);
  }
  const auto& java = servers.front().found.configuration.java;
  if (java.heap.empty() && java.options.empty()) {
    text += common.empty() ? "  settings: {}\n" : "";
    return;
  }
  text += "  java:\n";
  if (!java.heap.empty()) {
    text += "    heap: " + java.heap + "\n";
  }
  if (!java.options.empty()) {
    text += "    options:\n";
    for (const std::string& option : java.options) {
      text += "      - " + Scalar(option) + "\n";
    }
  }
}

std::string Installation(const model::Discovery& found) {
  const bool unit = found.launcher == model::ForeignLauncher::kUnit;
  return found.configuration_file + ", " + found.release_directory + ", user " + found.user + ", " +
         (unit ? "unit " + found.unit : std::string("started by zkServer.sh")) +
         (found.environment_files.empty() ? "" : ", " + base::Join(found.environment_files, ", "));
}

void AddServer(std::string& text,
               const FoundServer& server,
               const Servers& servers,
               const model::Settings& common,
               const std::vector<std::string>& common_notes) {
  const auto& found = server.found;
  const auto member = std::find_if(found.members.begin(),
                                   found.members.end(),
                                   [&](const auto& one) { return one.id == found.id; });
  text += "  - id: " + model::ToString(found.id) + "\n";
  AddComment(text, "    ", Installation(found));
  for (const std::string& note : found.notes) {
    if (std::find(common_notes.begin(), common_notes.end(), note) == common_notes.end()) {
      AddComment(text, "    ", note);
    }
  }
  const std::string host = HostOf(servers, found.id);
  text +=
      "    host: " + Scalar(host.find(':') == std::string::npos ? host : "[" + host + "]") + "\n";
  text += "    agent: " + Scalar(server.agent) + "\n";
  text += "    role: " + std::string(model::RoleName(member->role)) + "\n";
  text += "    client_port: " + std::to_string(found.client_port) + "\n";
  text += "    quorum_port: " + std::to_string(member->quorum_port) + "\n";
  text += "    election_port: " + std::to_string(member->election_port) + "\n";
  if (member->weight != 1) {
    text += "    weight: " + std::to_string(member->weight) + "\n";
  }
  if (member->group) {
    text += "    group: " + std::to_string(*member->group) + "\n";
  }
  auto own = found.configuration.settings;
  std::erase_if(own, [&common](const auto& entry) { return common.contains(entry.first); });
  if (!own.empty()) {
    text += "    settings:\n";
    AddSettings(text, "      ", own);
  }
}

base::Status CheckFaithful(const std::string& text, const Servers& servers) {
  const auto no_files = [](const std::string& path) -> base::Result<std::string> {
    return base::Fail(base::ErrorCode::kNotFound, "there is no file " + path);
  };
  const auto loaded = config::ParseEnsemble(text, "ensemble.yaml", no_files);
  std::string problem = loaded ? "" : loaded.error().message();
  if (loaded) {
    const auto wanted = WantedGenerations(loaded->spec);
    for (const FoundServer& server : servers) {
      const auto made = wanted.find(server.found.id);
      if (made == wanted.end() || made->second != GenerationOf(server.found)) {
        problem += " server " + model::ToString(server.found.id) + " would get other settings;";
      }
    }
  }
  return problem.empty() ? base::Ok()
                         : base::Fail(base::ErrorCode::kInternal,
                                      "import.not_faithful",
                                      "the file would not say what runs: " + problem +
                                          " write ensemble.yaml by hand and report this");
}

}  // namespace

model::Generation GenerationOf(const model::Discovery& found) {
  model::Generation generation{
      .version = found.version.value_or(model::Version{}),
      .release_sha512 = std::string(model::kAdoptedRelease),
      .configuration_digest = config::ConfigurationDigest(found.configuration)};
  generation.digest = config::GenerationDigest(
      generation.version, generation.release_sha512, generation.configuration_digest);
  return generation;
}

base::Result<std::string> ComposeEnsembleFile(const std::string& ensemble, Servers servers) {
  std::sort(servers.begin(), servers.end(), [](const auto& a, const auto& b) {
    return a.found.id < b.found.id;
  });
  const auto common = CommonSettings(servers);
  const auto notes = CommonNotes(servers);
  std::string text;
  AddHead(text, ensemble, servers);
  AddConfiguration(text, servers, common, notes);
  text += "servers:\n";
  for (const FoundServer& server : servers) {
    AddServer(text, server, servers, common, notes);
  }
  ZW_TRY(CheckFaithful(text, servers));
  return text;
}

}  // namespace zoowarden::controller
