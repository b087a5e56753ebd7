#include "base/text.h"
#include "controller/cli/commands.h"
#include "controller/cli/desired.h"
#include "controller/cli/table.h"
#include "model/secrets.h"

#include <algorithm>
#include <memory>

namespace zoowarden::controller {

namespace {

struct ShowOptions {
  std::optional<std::string> explain;
};

std::string Shown(const std::string& key, const std::string& value) {
  return model::IsSecretKey(key) ? std::string(model::kMaskedValue) : value;
}

// What lower layers said. Their texts hold values, so nothing of a secret's is shown.
std::vector<std::string> ShownOverridden(const std::string& key, const plugin::MergedValue& value) {
  return model::IsSecretKey(key)
             ? std::vector<std::string>(value.overridden.size(), std::string(model::kMaskedValue))
             : value.overridden;
}

Document SettingDocument(const std::string& key, const plugin::MergedValue& value) {
  Document overridden{Document::List()};
  for (const auto& lower : ShownOverridden(key, value)) {
    overridden.Add(lower);
  }
  return Document::Map({{"key", key},
                        {"value", Shown(key, value.value)},
                        {"layer", value.layer},
                        {"origin", value.origin},
                        {"overridden", std::move(overridden)}});
}

Document ServersDocument(const Desired& desired) {
  Document servers{Document::List()};
  for (const auto& server : desired.spec.servers) {
    auto settings = Document::Map({});
    for (const auto& [key, value] : server.settings) {
      settings.Set(key, Shown(key, value));
    }
    servers.Add(Document::Map({{"id", server.id.value}, {"settings", std::move(settings)}}));
  }
  return servers;
}

Document WholeDocument(const Desired& desired) {
  Document settings{Document::List()};
  for (const auto& [key, value] : desired.settings.values) {
    settings.Add(SettingDocument(key, value));
  }
  Document options{Document::List()};
  for (const auto& option : desired.spec.config.java.options) {
    options.Add(model::MaskSecretOption(option));
  }
  Document files{Document::List()};
  for (const auto& file : desired.spec.config.files) {
    files.Add(file.name);
  }
  return Document::Map(
      {{"schema_version", 1},
       {"ensemble", desired.spec.name},
       {"version", desired.spec.release.version.ToString()},
       {"settings_digest", desired.settings.digest},
       {"settings", std::move(settings)},
       {"java",
        Document::Map({{"heap", Document::TextOrNull(desired.spec.config.java.heap)},
                       {"options", std::move(options)}})},
       {"files", std::move(files)},
       {"servers", ServersDocument(desired)}});
}

// Where in ensemble.yaml a server's own setting stands; empty where that is not known.
std::string OriginOf(const Desired& desired, model::ServerId server, const std::string& key) {
  const auto origins = desired.file.server_origins.find(server);
  if (origins == desired.file.server_origins.end()) {
    return "";
  }
  const auto origin = origins->second.find(key);
  return origin == origins->second.end() ? "" : origin->second;
}

std::string WholeText(const Desired& desired) {
  Table table({"SETTING", "VALUE", "FROM", "WHERE"});
  for (const auto& [key, value] : desired.settings.values) {
    table.Add({key, Shown(key, value.value), value.layer, value.origin});
  }
  for (const auto& server : desired.spec.servers) {
    for (const auto& [key, value] : server.settings) {
      table.Add({key,
                 Shown(key, value),
                 "server " + ToString(server.id) + " only",
                 OriginOf(desired, server.id, key)});
    }
  }
  return table.ToText();
}

// The servers that say something else than the ensemble.
std::vector<std::string> ServerLines(const Desired& desired, const std::string& key) {
  std::vector<std::string> lines;
  for (const auto& server : desired.spec.servers) {
    const auto own = server.settings.find(key);
    if (own == server.settings.end()) {
      continue;
    }
    const auto origin = OriginOf(desired, server.id, key);
    lines.push_back("server " + ToString(server.id) + ": " + Shown(key, own->second) +
                    (origin.empty() ? "" : " (" + origin + ")"));
  }
  return lines;
}

base::Error UnknownKey(const Desired& desired, const std::string& key) {
  std::vector<std::string> keys;
  for (const auto& entry : desired.settings.values) {
    keys.push_back(entry.first);
  }
  const auto nearest = base::NearestName(key, keys);
  return {base::ErrorCode::kNotFound,
          "config.unknown_key",
          "no layer sets '" + base::Printable(key) + "'" +
              (nearest ? "; did you mean '" + *nearest + "'?" : "")};
}

ExitCode Explain(Context& context, const Desired& desired, const std::string& key) {
  const auto found = desired.settings.values.find(key);
  const auto server_lines = ServerLines(desired, key);
  if (found == desired.settings.values.end() && server_lines.empty()) {
    return context.Fail(UnknownKey(desired, key));
  }
  auto document = Document::Map({{"schema_version", 1}});
  std::string text;
  if (found != desired.settings.values.end()) {
    const auto& value = found->second;
    document.Set("setting", SettingDocument(key, value));
    text = key + " = " + Shown(key, value.value) + "\n  set by " + value.layer + " (" +
           value.origin + ")\n";
    for (const auto& lower : ShownOverridden(key, value)) {
      text += "  instead of " + lower + "\n";
    }
  }
  Document servers{Document::List()};
  for (const auto& line : server_lines) {
    text += "  " + line + "\n";
    servers.Add(line);
  }
  document.Set("servers", std::move(servers));
  context.Print(document, text);
  return ExitCode::kOk;
}

ExitCode Show(Context& context, const ShowOptions& options) {
  const auto desired = LoadDesired(context);
  if (!desired) {
    return context.Fail(desired.error());
  }
  if (options.explain) {
    return Explain(context, *desired, *options.explain);
  }
  context.Print(WholeDocument(*desired), WholeText(*desired));
  return ExitCode::kOk;
}

}  // namespace

Command ConfigShowCommand() {
  auto options = std::make_shared<ShowOptions>();
  return {.name = "config show",
          .summary = "the settings that servers get, and where each comes from",
          .examples = {{"zoowarden config show", "all settings, plugins included"},
                       {"zoowarden config show --explain tickTime", "who sets it, over whom"}},
          .details = "Runs the configuration plugins as `plan` does. Secrets are masked.",
          .options = {{.name = "--explain",
                       .value_name = "KEY",
                       .help = "one setting: its layers and the servers that differ",
                       .target = &options->explain}},
          .run = [options](Context& context) { return Show(context, *options); }};
}

}  // namespace zoowarden::controller
