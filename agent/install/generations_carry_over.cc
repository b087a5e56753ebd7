// The membership that the ensemble has committed, from one generation's files to another's.
#include "agent/install/carry_over.h"
#include "agent/install/conf_files.h"
#include "agent/install/generations.h"
#include "base/log.h"

#include <utility>

namespace zoowarden::agent {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

Result<ConfigurationFiles> Generations::PreviewCarryOver(std::string_view from_digest,
                                                         std::string_view to_digest) const {
  ZW_ASSIGN(const auto to, Find(to_digest));
  ZW_ASSIGN(auto next, ReadZooCfgFilesOf(to));
  if (from_digest.empty() || from_digest == to_digest) {
    return next;
  }
  const auto ran = ReadZooCfg(from_digest);
  const ConfigurationFiles what_ran = ran ? *ran : ConfigurationFiles();
  const CarryOverRequest request{
      what_ran,
      next,
      to.generation.version,
      to.server,
      to.configuration_directory,
      to.foreign ? fs::path(to.foreign->configuration).filename().string() : std::string()};
  auto changed = ran ? CarryOver(request)
                     : Fail(ErrorCode::kDataLoss,
                            "config.membership_unreadable",
                            "the configuration of generation " + std::string(from_digest) +
                                " cannot be read: " + ran.error().message());
  if (!changed) {
    if (changed.error().reason() != "config.membership_unreadable" || !MayKeepItsOwn(request)) {
      return Fail(std::move(changed.error()));
    }
    base::LogWarn("generation=" + std::string(to_digest) +
                  " keeps the membership of its own, an older one: " + changed.error().message());
    return next;
  }
  for (auto& [name, content] : *changed) {
    next[name] = std::move(content);
  }
  return next;
}

Status Generations::CarryOverDynamicFile(std::string_view from_digest, std::string_view to_digest) {
  ZW_ASSIGN(const auto to, Find(to_digest));
  ZW_ASSIGN(const auto before, ReadZooCfgFilesOf(to));
  ZW_ASSIGN(const auto after, PreviewCarryOver(from_digest, to_digest));
  ZW_ASSIGN(const auto root, Root());
  const fs::path place(to.generation.digest);
  // Dynamic files first: until zoo.cfg names the new one, the old state is whole.
  for (const bool zoo_cfg : {false, true}) {
    for (const auto& [name, content] : after) {
      const auto old = before.find(name);
      const bool changed = old == before.end() || old->second != content;
      if (!changed || (name == kZooCfg) != zoo_cfg) {
        continue;
      }
      ZW_TRY(
          to.foreign
              ? WriteForeignFile(to.foreign->configuration, name, content)
              : root.Write(place / "conf" / name, content, 0600, sys::IfPresent::kReplace, owner_));
    }
  }
  if (to.foreign) {
    return Ok();
  }
  ZW_ASSIGN(const auto generation, root.Directory(place));
  return GiveToOwner(generation);
}

}  // namespace zoowarden::agent
