// Asks the running process itself: four-letter words and AdminServer as its configuration offers
// them, its sockets where it answers nothing. Every answer says where it comes from; what could not
// be seen stays unknown. One owner thread.
#pragma once

#include "agent/lifecycle/process_finder.h"
#include "agent/observe/running_config.h"
#include "base/error.h"
#include "model/ids.h"
#include "model/observation.h"
#include "model/version.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace zoowarden::agent {

struct MemberView {
  model::Mode mode = model::Mode::kUnknown;
  std::string mode_source;
  model::Broadcast broadcast = model::Broadcast::kUnknown;
  std::string broadcast_source;
  std::optional<model::Version> version;
  std::string version_source;
  std::optional<model::Zxid> own_zxid;
  std::optional<std::uint32_t> connections;  // of clients, our question's own among them
  // It serves, or all of its sockets were read with the configuration it has now. False: that no
  // quorum connection was seen proves nothing.
  bool looked = false;
  bool quorum_connection = false;
  bool srvr_refused = false;  // not in the whitelist
  std::string note;           // why something could not be seen

  [[nodiscard]] bool Serves() const {
    return model::IsServing(mode) || mode == model::Mode::kStandalone;
  }
};

class MemberProbe {
 public:
  MemberProbe(model::ServerId self, std::filesystem::path proc)
      : self_(self), proc_(std::move(proc)) {}

  // `budget` bounds each single question.
  [[nodiscard]] MemberView Look(const FoundProcess& found, std::chrono::milliseconds budget);
  // Mode and own zxid alone, for polling; the rest of `view` stays.
  void LookAgain(MemberView& view, std::chrono::milliseconds budget);

  // The AdminServer's port may be another member's (8080 by default): believed once it has named
  // our id. False without an AdminServer.
  [[nodiscard]] bool AdminIsOurs(std::chrono::milliseconds budget);

  // The configuration of the process looked at last; null when it cannot be read.
  [[nodiscard]] const RunningConfig* config() const { return config_ ? &*config_ : nullptr; }

 private:
  // False: config_ is what was read before, if anything.
  bool LoadConfig(const FoundProcess& found, MemberView& view);
  void AskSrvr(MemberView& view, std::chrono::milliseconds budget);
  void AskAdminStats(MemberView& view, std::chrono::milliseconds budget);
  void AskBroadcast(MemberView& view, std::chrono::milliseconds budget);
  void AskSockets(const FoundProcess& found, MemberView& view) const;

  model::ServerId self_;
  std::filesystem::path proc_;
  model::Process config_of_;  // process that config_ and admin_is_ours_ belong to
  ConfigTexts texts_;
  std::optional<RunningConfig> config_;
  std::optional<bool> admin_is_ours_;
};

}  // namespace zoowarden::agent
