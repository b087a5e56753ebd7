#include "zk/admin.h"

#include "base/text.h"
#include "zk/reply.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace zoowarden::zk {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using nlohmann::json;

constexpr std::size_t kMaxBytes = 4U << 20U;
constexpr std::size_t kMaxTreeDigests = 1024;  // as many as a server keeps

// The answer's object, after its "error" has been looked at.
Result<json> ParseAnswer(std::string_view command, std::string_view text) {
  if (text.size() > kMaxBytes) {
    return Fail(MalformedReply(command, "too large"));
  }
  auto answer = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) {
    return Fail(MalformedReply(command, text.empty() ? "empty" : "not a JSON object"));
  }
  const auto error = answer.find("error");
  if (error == answer.end() || !(error->is_null() || error->is_string())) {
    return Fail(MalformedReply(command, "no 'error'"));
  }
  if (error->is_null()) {
    return answer;
  }
  const auto message = base::Printable(error->get<std::string>(), 120);
  if (message.starts_with("This ZooKeeper instance is not currently serving requests")) {
    return Fail(ErrorCode::kUnavailable,
                "zk.not_serving",
                "the server says that it is not currently serving requests");
  }
  const bool unknown = message.starts_with("Unknown command");
  return Fail(unknown ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
              unknown ? "zk.command_unknown" : "zk.command_failed",
              "AdminServer command '" + std::string(command) + "' failed: " + message);
}

// Typed access to the fields of one answer; the first missing or wrong one makes it fail.
class Fields {
 public:
  Fields(std::string_view command, const json& object) : command_(command), object_(object) {}

  Result<std::string> Text(const char* name) const {
    const auto* value = Find(name);
    if (value == nullptr || !value->is_string()) {
      return Wrong(name);
    }
    return value->get<std::string>();
  }
  Result<bool> Flag(const char* name) const {
    const auto* value = Find(name);
    if (value == nullptr || !value->is_boolean()) {
      return Wrong(name);
    }
    return value->get<bool>();
  }
  // A whole number from `lowest` to `highest`.
  Result<std::int64_t> Number(const char* name, std::int64_t lowest, std::int64_t highest) const {
    const auto* value = Find(name);
    if (value == nullptr || !value->is_number_integer() ||
        (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX)) {
      return Wrong(name);
    }
    const auto number = value->get<std::int64_t>();
    if (number < lowest || number > highest) {
      return Wrong(name);
    }
    return number;
  }
  Result<model::Zxid> HexZxid(const char* name, std::string_view prefix) const {
    ZW_ASSIGN(const std::string text, Text(name));
    const auto value = text.starts_with(prefix)
                           ? base::ParseUnsigned(text.substr(prefix.size()), 16)
                           : std::nullopt;
    if (!value || *value > INT64_MAX) {
      return Wrong(name);
    }
    return model::Zxid{*value};
  }
  Result<const json*> Object(const char* name) const {
    const auto* value = Find(name);
    if (value == nullptr || !value->is_object()) {
      return Wrong(name);
    }
    return value;
  }
  [[nodiscard]] bool Has(const char* name) const { return Find(name) != nullptr; }

 private:
  [[nodiscard]] const json* Find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  tl::unexpected<base::Error> Wrong(const char* name) const {
    return Fail(MalformedReply(command_, "'" + std::string(name) + "'"));
  }
  std::string_view command_;
  const json& object_;
};

Result<std::vector<QuorumAddress>> Addresses(const json& member) {
  std::vector<QuorumAddress> addresses;
  const auto quorum = member.find("server_addresses");
  const auto election = member.find("election_addresses");
  const bool lists = quorum != member.end() && quorum->is_array() && election != member.end() &&
                     election->is_array() && quorum->size() == election->size();
  for (std::size_t i = 0; lists && i < quorum->size(); ++i) {
    const auto& first = quorum->at(i);
    const auto& second = election->at(i);
    if (!first.is_string() || !second.is_string()) {
      return Fail(MalformedReply("voting_view", "an address that is no text"));
    }
    // "host:2888" and "host:3888" together are a server line.
    const auto second_text = second.get<std::string>();
    const auto line =
        ParseServerLine(first.get<std::string>() +
                        second_text.substr(std::min(second_text.rfind(':'), second_text.size())));
    if (!line || line->addresses.size() != 1 || !line->addresses.front().election_port) {
      return Fail(MalformedReply("voting_view", first.get<std::string>()));
    }
    addresses.push_back(line->addresses.front());
  }
  if (addresses.empty()) {
    return Fail(MalformedReply("voting_view", "a member without addresses"));
  }
  return addresses;
}

Result<Member> ViewedMember(const json& value) {
  const Fields fields("voting_view", value);
  Member member;
  ZW_ASSIGN(const std::string role, fields.Text("learner_type"));
  const auto parsed = model::ParseRole(role);
  if (!parsed) {
    return Fail(MalformedReply("voting_view", "learner_type " + role));
  }
  member.role = *parsed;
  ZW_ASSIGN(member.addresses, Addresses(value));
  return member;
}

}  // namespace

Result<AdminStats> ParseAdminStats(std::string_view text) {
  ZW_ASSIGN(const json answer, ParseAnswer("stats", text));
  const Fields fields("stats", answer);
  AdminStats stats;
  ZW_ASSIGN(stats.version_text, fields.Text("version"));
  const auto version = model::ParseVersion(stats.version_text);
  ZW_ASSIGN(const bool read_only, fields.Flag("read_only"));
  ZW_ASSIGN(const json* server, fields.Object("server_stats"));
  const Fields inner("stats", *server);
  ZW_ASSIGN(const std::string state, inner.Text("server_state"));
  ZW_ASSIGN(const auto zxid, inner.Number("last_processed_zxid", 0, INT64_MAX));
  const auto mode = ParseServerMode(state);
  if (!version || !mode || (read_only && *mode != ServerMode::kReadOnly)) {
    return Fail(MalformedReply("stats", "version " + stats.version_text + ", state " + state));
  }
  stats.version = *version;
  stats.mode = *mode;
  stats.zxid = {static_cast<std::uint64_t>(zxid)};
  if (inner.Has("num_alive_client_connections")) {
    ZW_ASSIGN(stats.connections, inner.Number("num_alive_client_connections", 0, UINT32_MAX));
  }
  return stats;
}

Result<ZabState> ParseZabState(std::string_view text) {
  ZW_ASSIGN(const json answer, ParseAnswer("zabstate", text));
  const Fields fields("zabstate", answer);
  ZabState state;
  ZW_ASSIGN(state.voting, fields.Flag("voting"));
  ZW_ASSIGN(state.state, fields.Text("zabstate"));
  if (fields.Has("myid")) {
    ZW_ASSIGN(const auto id, fields.Number("myid", 0, UINT32_MAX));
    state.my_id = model::ServerId{static_cast<std::uint32_t>(id)};
  }
  if (fields.Has("is_leader")) {
    ZW_ASSIGN(state.is_leader, fields.Flag("is_leader"));
  }
  if (fields.Has("last_zxid")) {
    ZW_ASSIGN(state.last_zxid, fields.HexZxid("last_zxid", "0x"));
  }
  return state;
}

Result<Membership> ParseVotingView(std::string_view text) {
  ZW_ASSIGN(const json answer, ParseAnswer("voting_view", text));
  const Fields fields("voting_view", answer);
  ZW_ASSIGN(const json* view, fields.Object("current_config"));
  Membership membership;
  for (const auto& [key, value] : view->items()) {
    const auto id = base::ParseUnsigned(key);
    if (!id || *id > UINT32_MAX || !value.is_object()) {
      return Fail(MalformedReply("voting_view", "member '" + key + "'"));
    }
    ZW_ASSIGN(auto member, ViewedMember(value));
    membership.members.emplace(model::ServerId{static_cast<std::uint32_t>(*id)}, std::move(member));
  }
  if (membership.members.empty()) {
    return Fail(MalformedReply("voting_view", "no member"));
  }
  return membership;
}

Result<AdminConfiguration> ParseAdminConfiguration(std::string_view text) {
  ZW_ASSIGN(const json answer, ParseAnswer("configuration", text));
  const Fields fields("configuration", answer);
  AdminConfiguration configuration;
  ZW_ASSIGN(const auto id, fields.Number("server_id", 0, UINT32_MAX));
  ZW_ASSIGN(const auto port, fields.Number("client_port", -1, UINT16_MAX));
  ZW_ASSIGN(configuration.data_directory, fields.Text("data_dir"));
  ZW_ASSIGN(configuration.data_log_directory, fields.Text("data_log_dir"));
  configuration.server_id = {static_cast<std::uint32_t>(id)};
  configuration.client_port = static_cast<std::uint16_t>(port < 0 ? 0 : port);
  return configuration;
}

Result<LastSnapshot> ParseLastSnapshot(std::string_view text) {
  ZW_ASSIGN(const json answer, ParseAnswer("last_snapshot", text));
  const Fields fields("last_snapshot", answer);
  LastSnapshot snapshot;
  ZW_ASSIGN(snapshot.zxid, fields.HexZxid("zxid", ""));
  ZW_ASSIGN(snapshot.timestamp, fields.Number("timestamp", 0, INT64_MAX));
  return snapshot;
}

Result<std::vector<model::TreeDigest>> ParseTreeDigests(std::string_view text) {
  ZW_ASSIGN(const json answer, ParseAnswer("hash", text));
  const auto list = answer.find("digests");
  if (list == answer.end() || !list->is_array() || list->size() > kMaxTreeDigests) {
    return Fail(MalformedReply("hash", "'digests'"));
  }
  std::vector<model::TreeDigest> digests;
  for (const auto& entry : *list) {
    if (!entry.is_object()) {
      return Fail(MalformedReply("hash", "a digest that is no object"));
    }
    const Fields fields("hash", entry);
    ZW_ASSIGN(const auto zxid, fields.Number("zxid", 0, INT64_MAX));
    ZW_ASSIGN(const auto version, fields.Number("digest_version", 0, UINT32_MAX));
    ZW_ASSIGN(const auto value, fields.Number("digest", INT64_MIN, INT64_MAX));
    digests.push_back({.zxid = {static_cast<std::uint64_t>(zxid)},
                       .version = static_cast<std::uint32_t>(version),
                       .value = static_cast<std::uint64_t>(value)});
  }
  return digests;
}

Result<std::map<std::string, std::string>> ParseSystemProperties(std::string_view text) {
  ZW_ASSIGN(const json answer, ParseAnswer("system_properties", text));
  std::map<std::string, std::string> properties;
  for (const auto& [key, value] : answer.items()) {
    if (value.is_string() && key != "command") {
      properties.emplace(key, value.get<std::string>());
    }
  }
  return properties;
}

}  // namespace zoowarden::zk
