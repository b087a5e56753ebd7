#include "controller/cli/plan_file.h"

#include "base/text.h"
#include "controller/cli/times.h"
#include "controller/run/run_file.h"
#include "core/plan.h"
#include "sys/digest.h"
#include "sys/files.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace zoowarden::controller {

namespace {

using nlohmann::json;

constexpr int kSchemaVersion = 1;
constexpr std::size_t kMaxBytes = 16U << 20U;
// A plan has six; what is nested without end must not exhaust the stack.
constexpr int kMaxDepth = 32;
constexpr std::size_t kLongText = 4'000;

base::Error Wrong(const std::string& reason, const std::string& path, const std::string& why) {
  return {base::ErrorCode::kInvalidArgument,
          "plan." + reason,
          path + " " + why + "; nothing was touched, make a plan with `zoowarden plan -o json`"};
}

// What the digest is computed of. Objects of this library are sorted by key.
std::string DigestOf(json value) {
  for (const char* field : {"digest", "open_run", "failed_before", "error"}) {
    value.erase(field);
  }
  return sys::Digest(
      sys::Hash::kSha256,
      "zoowarden plan 1\n" + value.dump(-1, ' ', false, json::error_handler_t::replace));
}

template <typename T>
T Must(std::optional<T> value) {
  if (!value) {
    throw std::invalid_argument("a value is not one that this program knows");
  }
  return *std::move(value);
}

model::Version VersionFrom(const json& value) {
  return Must(model::ParseVersion(value.get<std::string>()));
}

model::Generation GenerationFrom(const json& value) {
  return {.digest = value.at("digest"),
          .version = VersionFrom(value.at("version")),
          .release_sha512 = value.at("release_sha512"),
          .configuration_digest = value.at("configuration_digest")};
}

std::string TextOrEmpty(const json& value) {
  return value.is_null() ? std::string() : value.get<std::string>();
}

model::ReleaseSpec ReleaseFrom(const json& value) {
  return {.version = VersionFrom(value.at("version")),
          .source = TextOrEmpty(value.at("source")),
          .sha512 = value.at("sha512"),
          .signature = TextOrEmpty(value.at("signature"))};
}

core::ApprovedPlan PlanFrom(const json& value) {
  const auto& kind = value.at("kind");
  if (kind != "apply" && kind != "upgrade" && kind != "restart") {
    throw std::invalid_argument("the kind is not one that this program knows");
  }
  core::ApprovedPlan plan{.ensemble = value.at("ensemble"),
                          .kind = value.at("kind"),
                          .allow_outage = value.at("allow_outage"),
                          .declared = ReleaseFrom(value.at("declared_release")),
                          .release = ReleaseFrom(value.at("release")),
                          .desired = value.at("desired").get<core::DesiredValues>()};
  if (!value.at("leader").is_null()) {
    plan.leader = model::ServerId{value.at("leader").get<std::uint32_t>()};
  }
  for (const auto& server : value.at("servers")) {
    plan.servers.push_back({.id = {server.at("id").get<std::uint32_t>()},
                            .from = GenerationFrom(server.at("from")),
                            .to = GenerationFrom(server.at("to"))});
  }
  for (const auto& step : value.at("steps")) {
    plan.order.push_back({step.at("server").get<std::uint32_t>()});
  }
  return plan;
}

std::string Line(const std::string& text) { return base::Printable(text, kLongText) + "\n"; }

// Line by line, because a file may hold anything.
std::string Lines(const std::string& indent, const std::string& text) {
  std::string lines;
  for (const auto line : base::Split(text, '\n')) {
    lines += line.empty() ? "" : indent + Line(std::string(line));
  }
  return lines;
}

// From the same fields that `apply` compares: a text of its own could say something else.
std::string TextOf(const json& value, const core::ApprovedPlan& plan) {
  const bool changes =
      std::any_of(plan.servers.begin(), plan.servers.end(), [](const auto& server) {
        return !core::SameRelease(server.from, server.to);
      });
  std::string text = Line(plan.kind + " of ensemble " + plan.ensemble +
                          DescribeRelease(plan.kind, plan.release.version, changes));
  text += "made " + Timestamp(std::chrono::milliseconds(value.at("made_ms"))) + "\n";
  for (const auto& step : value.at("steps")) {
    text += "  restart server " + step.at("server").dump() + ": " +
            Line(step.at("from").at("version").get<std::string>() + " -> " +
                 step.at("to").at("version").get<std::string>() + ", generation " +
                 step.at("from").at("digest").get<std::string>() + " -> " +
                 step.at("to").at("digest").get<std::string>());
    text += "    " + Line(step.at("quorum").at("sentence"));
    text += Lines("    ", step.at("diff"));
  }
  text += "desired state:\n";
  for (const auto& [key, shown] : plan.desired) {
    text += "  " + Line(std::string(key).append(": ").append(shown));
  }
  for (const auto& warning : value.at("warnings")) {
    text += "warning: " + Line(warning);
  }
  return text;
}

json Parse(std::string_view text) {
  const auto shallow = [](int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth) {
      throw std::invalid_argument("it is nested too deeply");
    }
    return true;
  };
  return json::parse(text, shallow);
}

}  // namespace

std::string PlanDigest(const Document& document) {
  return DigestOf(json::parse(document.ToJson()));
}

base::Result<PlanFile> ParsePlanFile(std::string_view text, const std::string& path) {
  json value;
  try {
    value = Parse(text);
  } catch (const std::exception&) {
    return base::Fail(Wrong("file_damaged", path, "is not JSON, or not all of it"));
  }
  if (!value.is_object() || !value.contains("schema_version") || !value.contains("digest") ||
      !value.contains("steps")) {
    return base::Fail(Wrong("file_foreign", path, "is no plan of zoowarden"));
  }
  if (value.at("schema_version") != kSchemaVersion) {
    return base::Fail(Wrong("file_newer",
                            path,
                            "has schema version " +
                                value.at("schema_version").dump().substr(0, 40) +
                                " and this program knows " + std::to_string(kSchemaVersion)));
  }
  if (value.at("digest") != DigestOf(value)) {
    return base::Fail(Wrong(
        "file_damaged", path, "is not what its digest was computed of: it was changed or damaged"));
  }
  if (!value.contains("made_ms") || !value.contains("nonce")) {
    return base::Fail(
        Wrong("file_older", path, "was made by a program whose plans could be carried out again"));
  }
  try {
    if (!value.at("refusals").empty()) {
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "plan.file_refused",
                        path + " holds a plan that was refused when it was made: " +
                            value.at("refusals").at(0).at("text").get<std::string>());
    }
    auto plan = PlanFrom(value);
    auto shown = TextOf(value, plan);
    return PlanFile{.digest = value.at("digest"),
                    .stamp = {.made_ms = value.at("made_ms"), .nonce = value.at("nonce")},
                    .text = std::move(shown),
                    .plan = std::move(plan)};
  } catch (const std::exception&) {
    return base::Fail(Wrong("file_foreign", path, "is no plan that this program can read"));
  }
}

base::Result<PlanFile> ReadPlanFile(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return base::Fail(Wrong("file_unreadable", path, "is no file"));
  }
  const auto text = sys::ReadFile(path, kMaxBytes);
  if (!text) {
    return base::Fail(Wrong("file_unreadable", path, "cannot be read: " + text.error().message()));
  }
  return ParsePlanFile(*text, path);
}

}  // namespace zoowarden::controller
