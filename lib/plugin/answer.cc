#include "plugin/answer.h"

#include "base/text.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <set>

namespace zoowarden::plugin {
namespace {

using nlohmann::json;

constexpr std::size_t kMostSettings = 1000;
constexpr std::size_t kMostText = 16 * 1024;

base::Error Garbage(std::string_view what) {
  return base::Error(base::ErrorCode::kInternal,
                     "plugin.garbage",
                     "the answer is not one of protocol " + std::to_string(kProtocolVersion) +
                         ": " + std::string(what));
}

// nlohmann keeps the last of two equal keys; here the first repetition ends the parsing.
class DuplicateWatch {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (event == json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == json::parse_event_t::object_end && !open_.empty()) {
      open_.pop_back();
    } else if (event == json::parse_event_t::key && !open_.empty()) {
      const auto key = parsed.get<std::string>();
      if (!open_.back().insert(key).second) {
        duplicate_ = key;
      }
    }
    too_deep_ = too_deep_ || depth > 8;
    return !too_deep_;
  }
  [[nodiscard]] std::optional<std::string> Problem() const {
    if (too_deep_) {
      return "it is nested too deeply";
    }
    if (duplicate_) {
      return "the key '" + base::Printable(*duplicate_, 60) + "' is there twice";
    }
    return std::nullopt;
  }

 private:
  std::vector<std::set<std::string>> open_;
  std::optional<std::string> duplicate_;
  bool too_deep_ = false;
};

base::Status KeysAmong(const json& object, const std::set<std::string>& known) {
  for (const auto& [key, value] : object.items()) {
    if (!known.contains(key)) {
      return base::Fail(Garbage("unknown key '" + base::Printable(key, 60) + "'"));
    }
  }
  return base::Ok();
}

base::Result<std::string> TextOf(const json& object, const char* key, const std::string& of) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return base::Fail(Garbage(of + " needs a text '" + key + "'"));
  }
  auto text = found->get<std::string>();
  if (text.size() > kMostText) {
    return base::Fail(Garbage("'" + std::string(key) + "' of " + of + " is longer than " +
                              std::to_string(kMostText) + " bytes"));
  }
  return text;
}

base::Result<SourceValues> ReadSettings(const json& settings) {
  if (!settings.is_object() || settings.size() > kMostSettings) {
    return base::Fail(Garbage("'settings' must be an object of at most " +
                              std::to_string(kMostSettings) + " settings"));
  }
  SourceValues values;
  for (const auto& [key, entry] : settings.items()) {
    const std::string name = "setting '" + base::Printable(key, 60) + "'";
    if (!entry.is_object()) {
      return base::Fail(Garbage(name + " must be an object"));
    }
    ZW_TRY(KeysAmong(entry, {"value", "origin"}));
    SourceValue value;
    ZW_ASSIGN(value.value, TextOf(entry, "value", name));
    ZW_ASSIGN(const auto origin, TextOf(entry, "origin", name));
    value.origin = base::Printable(origin);
    values.emplace(key, std::move(value));
  }
  return values;
}

base::Result<json> ParseObject(std::string_view text) {
  DuplicateWatch watch;
  auto answer = json::parse(
      text,
      [&watch](int depth, json::parse_event_t event, json& parsed) {
        return watch(depth, event, parsed);
      },
      /*allow_exceptions=*/false);
  if (const auto problem = watch.Problem()) {
    return base::Fail(Garbage(*problem));
  }
  if (answer.is_discarded() || !answer.is_object()) {
    return base::Fail(Garbage(
        text.empty() ? "it is empty" : "no JSON object: '" + base::Printable(text, 60) + "'"));
  }
  return answer;
}

}  // namespace

std::string WriteRequest(const SourceRequest& request, std::chrono::milliseconds deadline) {
  json options = json::object();
  if (!request.path.empty()) {
    options["path"] = request.path;
  }
  if (!request.command.empty()) {
    options["command"] = request.command;
  }
  const json text = {{"protocol", kProtocolVersion},
                     {"verb", "settings"},
                     {"ensemble", request.ensemble},
                     {"deadline_ms", deadline.count()},
                     {"options", options}};
  // Paths are bytes; what is not UTF-8 in them is replaced rather than thrown about.
  return text.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

base::Result<SourceValues> ReadAnswer(std::string_view text) {
  ZW_ASSIGN(const auto answer, ParseObject(text));
  const auto protocol = answer.find("protocol");
  if (protocol == answer.end() || !protocol->is_number_integer()) {
    return base::Fail(Garbage("it needs a number 'protocol'"));
  }
  if (*protocol != kProtocolVersion) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "plugin.wrong_protocol",
                      "it speaks protocol " + base::Printable(protocol->dump(), 20) + ", not " +
                          std::to_string(kProtocolVersion) +
                          ": use a plugin made for this zoowarden");
  }
  ZW_TRY(KeysAmong(answer, {"protocol", "settings", "error"}));
  if (answer.contains("settings") == answer.contains("error")) {
    return base::Fail(Garbage("it needs either 'settings' or 'error'"));
  }
  if (answer.contains("error")) {
    ZW_ASSIGN(const auto error, TextOf(answer, "error", "the answer"));
    return base::Fail(
        base::ErrorCode::kFailedPrecondition, "plugin.refused", base::Printable(error));
  }
  return ReadSettings(answer.at("settings"));
}

}  // namespace zoowarden::plugin
