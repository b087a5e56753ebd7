#include "controller/cli/releases_view.h"

#include "controller/cli/table.h"

namespace zoowarden::controller {

namespace {

constexpr std::uint64_t kMebibyte = 1024ULL * 1024;

// "current", "needed", "ran before", "staged", "unused"; an archive is staged until it is unpacked.
std::string UseOf(const InstalledRelease& release) {
  if (release.kind == ReleaseKind::kUnknown) {
    return "unknown";
  }
  bool needed = false;
  bool ran = false;
  for (const auto& generation : release.generations) {
    if (generation.current) {
      return "current";
    }
    needed = needed || generation.needed;
    ran = ran || generation.last_ran.has_value();
  }
  if (needed) {
    return "needed";
  }
  if (ran) {
    return "ran before";
  }
  const bool waits = release.kind == ReleaseKind::kArchive || !release.generations.empty();
  return waits ? "staged" : "unused";
}

std::string KindName(ReleaseKind kind) {
  switch (kind) {
    case ReleaseKind::kUnpacked:
      return "unpacked";
    case ReleaseKind::kArchive:
      return "archive";
    case ReleaseKind::kAdopted:
      return "adopted";
    case ReleaseKind::kUnknown:
      return "unknown";
  }
  return "";
}

Document GenerationDocument(const ReleaseGeneration& generation) {
  return Document::Map({{"digest", generation.digest},
                        {"current", generation.current},
                        {"needed", generation.needed},
                        {"last_ran", generation.last_ran}});
}

Document ReleaseDocument(const InstalledRelease& release) {
  Document generations{Document::List()};
  for (const auto& generation : release.generations) {
    generations.Add(GenerationDocument(generation));
  }
  return Document::Map({{"kind", KindName(release.kind)},
                        {"name", release.name},
                        {"version", Document::TextOrNull(release.version)},
                        {"sha512", Document::TextOrNull(release.sha512)},
                        {"bytes", release.bytes},
                        {"files", release.files},
                        {"use", UseOf(release)},
                        {"generations", std::move(generations)},
                        {"problem_reason", Document::TextOrNull(release.problem_reason)},
                        {"problem", Document::TextOrNull(release.problem)}});
}

}  // namespace

Document ReleasesDocument(const std::string& ensemble, const ServerReleases& servers) {
  Document list{Document::List()};
  for (const auto& server : servers) {
    Document releases{Document::List()};
    if (server.result) {
      for (const auto& release : *server.result) {
        releases.Add(ReleaseDocument(release));
      }
    }
    list.Add(Document::Map(
        {{"id", server.server.value},
         {"releases", std::move(releases)},
         {"problem", server.result ? Document() : Document(server.result.error().message())}}));
  }
  return Document::Map(
      {{"schema_version", 1}, {"ensemble", ensemble}, {"servers", std::move(list)}});
}

std::string ReleasesText(const ServerReleases& servers, bool verified) {
  Table table({"SERVER", "RELEASE", "USE", "FILES", "MIB", "STATE"});
  for (const auto& server : servers) {
    if (!server.result) {
      table.Add({ToString(server.server), "", "", "", "", "no answer"});
      continue;
    }
    for (const auto& release : *server.result) {
      const bool unpacked = release.kind == ReleaseKind::kUnpacked;
      const bool ours = unpacked || release.kind == ReleaseKind::kArchive;
      const std::string fine = verified && unpacked ? "as unpacked" : "";
      table.Add({ToString(server.server),
                 release.name,
                 UseOf(release),
                 unpacked ? std::to_string(release.files) : "-",
                 ours ? std::to_string(release.bytes / kMebibyte) : "-",
                 release.problem_reason.empty() ? fine : release.problem_reason});
    }
  }
  return table.ToText();
}

std::vector<std::string> ReleaseProblems(const ServerReleases& servers) {
  std::vector<std::string> problems;
  for (const auto& server : servers) {
    if (!server.result) {
      problems.push_back(server.result.error().message());
      continue;
    }
    for (const auto& release : *server.result) {
      if (!release.problem.empty()) {
        problems.push_back("server " + ToString(server.server) + ": " + release.problem);
      }
    }
  }
  return problems;
}

}  // namespace zoowarden::controller
