#include "tests/crash/stage.h"

#include "agent/install/release_record.h"
#include "pki/authority.h"
#include "sys/clock.h"
#include "sys/digest.h"
#include "tests/crash/controller.h"
#include "tests/crash/what_runs.h"
#include "tests/unit/agent/install/archive_maker.h"

#include <sys/stat.h>

#include <fstream>
#include <vector>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;

constexpr const char* kOldVersion = "3.8.4";
constexpr const char* kNewVersion = "3.9.4";

std::string ScriptOf(const Stage& stage) {
  return "#!/bin/sh\nexec '" + (stage.programs / "zoowarden-stand-in").string() +
         "' start \"$0\" \"$2\"\n";
}

base::Result<model::ReleaseSpec> MakeRelease(const Stage& stage, const std::string& version) {
  const std::string archive = agent::MakeRelease(version, ScriptOf(stage));
  const fs::path path = stage.archives / ("apache-zookeeper-" + version + "-bin.tar.gz");
  fs::create_directories(stage.archives);
  std::ofstream(path, std::ios::binary) << archive;
  return model::ReleaseSpec{.version = *model::ParseVersion(version),
                            .source = path.string(),
                            .sha512 = sys::Digest(sys::Hash::kSha512, archive)};
}

base::Status MakeKeys(Stage& stage) {
  sys::RealClock clock;
  fs::create_directories(stage.pki);
  ZW_TRY(pki::InitCa(stage.pki / "ca", "crash", clock));
  ZW_TRY(pki::Issue({.ca_directory = stage.pki / "ca",
                     .out_directory = stage.pki / "agent",
                     .role = pki::Role::kAgent,
                     .server = 1},
                    clock));
  ZW_TRY(pki::Issue({.ca_directory = stage.pki / "ca",
                     .out_directory = stage.pki / "operator",
                     .role = pki::Role::kOperator,
                     .server = std::nullopt},
                    clock));
  ZW_ASSIGN(stage.operator_credentials,
            pki::LoadCredentials(pki::FilesIn(stage.pki / "operator"), clock));
  return base::Ok();
}

// As an agent must unpack it.
Tree TreeOfArchive(const Stage& stage, const model::ReleaseSpec& release) {
  const Node directory{.what = "/", .mode = S_IFDIR | 0755};
  Tree tree = {{"release/.", directory}, {"release/bin", directory}, {"release/lib", directory}};
  agent::ReleaseRecord record{.version = release.version, .sha512 = release.sha512, .files = {}};
  for (const auto& entry : agent::ReleaseEntries("", ScriptOf(stage))) {
    if (entry.type != AE_IFREG) {
      continue;
    }
    tree["release" + entry.path] = {.what = entry.content, .mode = S_IFREG | entry.mode};
    record.files.push_back({.path = entry.path.substr(1),
                            .size = entry.content.size(),
                            .executable = entry.mode == 0755,
                            .sha256 = sys::Digest(sys::Hash::kSha256, entry.content)});
  }
  tree["release/zoowarden-release.json"] = {.what = agent::PrintReleaseRecord(record),
                                            .mode = S_IFREG | 0644};
  return tree;
}

// What runs of it is remembered.
base::Status Learn(Stage& stage,
                   const Box& box,
                   const std::string& digest,
                   const model::ReleaseSpec& release) {
  Tree& whole = stage.whole[release.version];
  whole = WhatRuns(box, digest);
  Tree unpacked;
  for (const auto& [path, node] : whole) {
    if (path.starts_with("release/")) {
      unpacked[path] = node;
    }
  }
  const std::string wrong =
      DifferenceOf(TreeOfArchive(stage, release), unpacked, Compare::kContent);
  return wrong.empty() && whole.contains("generation/conf/zoo.cfg")
             ? base::Ok()
             : base::Status(Fail(ErrorCode::kInternal, "not what its archive holds: " + wrong));
}

base::Status LearnWhatRuns(Stage& stage, const fs::path& directory, int number) {
  Box box(stage, directory, number);
  ZW_TRY(box.InstallOld());
  ZW_TRY(Learn(stage, box, box.Current(), stage.old_release));
  ZW_TRY(box.StartAgent(""));
  const Case upgrade{.state = model::OperationState::kStaged};
  Controller controller(box, upgrade, box.Current());
  ZW_TRY(controller.Connect());
  if (!controller.TurnToTheEnd()) {
    return Fail(ErrorCode::kInternal, "no end without a fault: " + box.AgentLog());
  }
  return Learn(stage, box, box.Current(), stage.new_release);
}

}  // namespace

base::Result<Stage> MakeStage(const fs::path& directory, int number) {
  Stage stage{.programs = fs::read_symlink("/proc/self/exe").parent_path(),
              .pki = directory / "pki",
              .archives = directory / "archives",
              .interposer = directory / "interposer.so"};
  // LD_PRELOAD takes no name with a space, so not the checkout's.
  fs::create_symlink(stage.programs / "libzoowarden-interposer.so", stage.interposer);
  ZW_TRY(MakeKeys(stage));
  ZW_ASSIGN(stage.old_release, MakeRelease(stage, kOldVersion));
  ZW_ASSIGN(stage.new_release, MakeRelease(stage, kNewVersion));
  ZW_TRY(LearnWhatRuns(stage, directory / "without-a-fault", number));
  return stage;
}

}  // namespace zoowarden::crash
