#include "base/text.h"
#include "controller/agents/convert.h"
#include "controller/agents/wire_values.h"
#include "zoowarden/v1/adopt.pb.h"

namespace zoowarden::controller {
namespace {

constexpr int kMaxSentences = 1'000;
constexpr int kMaxOptions = 1'000;

base::Status SentencesFrom(const google::protobuf::RepeatedPtrField<std::string>& wire,
                           std::vector<std::string>& sentences) {
  ZW_TRY(CheckCount("sentences", static_cast<std::size_t>(wire.size()), kMaxSentences));
  for (const std::string& sentence : wire) {
    sentences.push_back(base::Printable(sentence, kMaxEventText));
  }
  return base::Ok();
}

base::Status ConfigurationFrom(const v1::Configuration& wire, model::Discovery& found) {
  ZW_TRY(CheckCount("settings", wire.settings().size(), kMaxSettings));
  for (const auto& [key, value] : wire.settings()) {
    ZW_TRY(NeedIdentifier("setting", key));
    ZW_TRY(CheckExactText("setting " + key, value, kMaxSettingBytes));
    found.configuration.settings[key] = value;
  }
  ZW_TRY(CheckIdentifier("java heap", wire.java_heap()));
  found.configuration.java.heap = wire.java_heap();
  ZW_TRY(
      CheckCount("java options", static_cast<std::size_t>(wire.java_options_size()), kMaxOptions));
  for (const std::string& option : wire.java_options()) {
    ZW_TRY(CheckExactText("java option", option, kMaxSettingBytes));
    found.configuration.java.options.push_back(option);
  }
  v1::Membership membership;
  *membership.mutable_members() = wire.members();
  ZW_ASSIGN(auto members, FromWire(membership));
  found.members = std::move(members.members);
  if (wire.client_port() > UINT16_MAX) {
    return base::Fail(BadWireValue("client_port", "is no port"));
  }
  found.client_port = static_cast<std::uint16_t>(wire.client_port());
  return base::Ok();
}

base::Status InstallationFrom(const v1::Discovery& wire, model::Discovery& found) {
  const auto shown = [](const std::string& text) { return base::Printable(text, kMaxText); };
  found.user = shown(wire.user());
  found.java = shown(wire.java());
  found.configuration_file = shown(wire.configuration_file());
  found.dynamic_file = shown(wire.dynamic_file());
  found.release_directory = shown(wire.release_directory());
  found.log_directory = shown(wire.log_directory());
  found.launcher = model::ParseForeignLauncher(wire.launcher());
  found.unit = shown(wire.unit());
  for (const std::uint32_t port : wire.ports()) {
    ZW_ASSIGN(const auto checked, CheckPort("port", port));
    found.ports.push_back(checked);
  }
  ZW_TRY(SentencesFrom(wire.unit_files(), found.unit_files));
  ZW_TRY(SentencesFrom(wire.environment_files(), found.environment_files));
  return SentencesFrom(wire.notes(), found.notes);
}

}  // namespace

base::Result<model::Discovery> FromWire(const v1::Discovery& wire, model::ServerId server) {
  if (wire.server() != server.value) {
    return base::Fail(BadWireValue("server",
                                   "is " + std::to_string(wire.server()) +
                                       " and the certificate is of server " +
                                       model::ToString(server)));
  }
  model::Discovery found{.id = server};
  if (wire.has_process()) {
    ZW_ASSIGN(found.process, FromWire(wire.process()));
  }
  ZW_ASSIGN(found.mode, FromWire(wire.mode()));
  if (!wire.version().empty()) {
    found.version = model::ParseVersion(wire.version());
  }
  ZW_TRY(InstallationFrom(wire, found));
  ZW_TRY(ConfigurationFrom(wire.configuration(), found));
  ZW_TRY(CheckCount("obstacles", static_cast<std::size_t>(wire.obstacles_size()), kMaxSentences));
  for (const auto& obstacle : wire.obstacles()) {
    ZW_TRY(NeedIdentifier("obstacle", obstacle.reason()));
    found.obstacles.push_back(
        {.reason = obstacle.reason(), .text = base::Printable(obstacle.text(), kMaxEventText)});
  }
  return found;
}

}  // namespace zoowarden::controller
