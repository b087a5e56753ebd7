#include "agent/observe/membership_reader.h"

#include "zk/admin.h"
#include "zk/committed_config.h"
#include "zknet/admin_client.h"
#include "zknet/zoo_client.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBudget{500};
// A committed configuration that could not be read (authentication enforced, TLS only) is not tried
// again before this: each try costs a session.
constexpr milliseconds kRetryAfter{30'000};
constexpr model::Version kWithCommittedConfig{3, 5, 0};

std::optional<model::Membership> Committed(const zknet::Endpoint& client) {
  auto session = zknet::ZooClient::Connect(client, kBudget);
  if (!session) {
    return std::nullopt;
  }
  const auto text = session->CommittedConfig(kBudget);
  const auto config = text ? zk::ParseCommittedConfig(*text) : tl::unexpected(text.error());
  if (!config) {
    return std::nullopt;
  }
  model::Membership membership =
      ToModel(config->membership, std::string(model::kCommittedConfiguration));
  membership.version = config->version;
  return membership;
}

std::vector<model::ServerId> Voters(const model::Membership& membership) {
  std::vector<model::ServerId> voters;
  for (const model::Member& member : membership.members) {
    if (member.role == model::Role::kParticipant) {
      voters.push_back(member.id);
    }
  }
  return voters;
}

// voting_view knows neither observers nor weights: it confirms the files, or contradicts them.
std::optional<model::Membership> VotingView(const zknet::Endpoint& admin,
                                            const model::Membership& files) {
  const auto reply = zknet::AdminCommand(admin, "voting_view", kBudget);
  const auto view = reply ? zk::ParseVotingView(*reply) : tl::unexpected(reply.error());
  if (!view) {
    return std::nullopt;
  }
  model::Membership seen = ToModel(*view, "voting_view");
  if (Voters(seen) == Voters(files)) {
    seen.members = files.members;
  }
  return seen;
}

}  // namespace

model::Membership MembershipReader::Read(const model::Process& process,
                                         MemberProbe& probe,
                                         const MemberView& view,
                                         bool again) {
  const RunningConfig& config = *probe.config();
  const auto now = clock_->BootTime();
  const bool same = kept_ && kept_->process.pid == process.pid &&
                    kept_->process.start_time == process.start_time &&
                    kept_->files.members == config.membership.members;
  if (same && (kept_->committed ? !again : now < kept_->read_at + kRetryAfter)) {
    return kept_->answer;
  }
  std::optional<model::Membership> answer;
  if (config.client && view.version >= kWithCommittedConfig) {
    answer = Committed(*config.client);
  }
  const bool committed = answer.has_value();
  if (!answer && probe.AdminIsOurs(kBudget)) {
    answer = VotingView(*config.admin, config.membership);
  }
  kept_ = Kept{.process = process,
               .files = config.membership,
               .answer = answer.value_or(config.membership),
               .read_at = now,
               .committed = committed};
  return kept_->answer;
}

}  // namespace zoowarden::agent
