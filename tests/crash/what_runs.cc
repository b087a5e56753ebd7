#include "tests/crash/what_runs.h"

#include "agent/install/generation_record.h"

#include <utility>
#include <vector>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::pair<std::string, std::string>>;

std::string UnderCommonNames(std::string text, const Names& names) {
  for (const auto& [own, common] : names) {
    for (std::size_t at = 0; (at = text.find(own, at)) != std::string::npos; at += common.size()) {
      text.replace(at, own.size(), common);
    }
  }
  return text;
}

Names NamesOf(const Box& box, const std::string& digest, const Tree& generation) {
  Names names = {{box.directory().string(), "@box"}, {box.host(), "@host"}};
  const auto text = generation.find(std::string(agent::kGenerationFile));
  // That the directory's digest is that of what the record says is looked at in here.
  const auto record = text == generation.end()
                          ? tl::unexpected(base::Error(base::ErrorCode::kNotFound, "", ""))
                          : agent::ParseGenerationRecord(text->second.what, digest);
  if (record) {
    names.emplace_back(record->generation.configuration_digest, "@configuration");
    names.emplace_back(digest, "@generation");
  }
  return names;
}

}  // namespace

Tree WhatRuns(const Box& box, const std::string& digest) {
  const fs::path place = box.directory() / "generations" / digest;
  const Tree generation = ReadTree(place);
  const Names names = NamesOf(box, digest, generation);
  Tree all;
  for (const auto& [path, node] : generation) {
    // Also while it is being written.
    if (!path.starts_with("ran")) {
      all["generation/" + path] = node;
      all["generation/" + path].what = UnderCommonNames(node.what, names);
    }
  }
  std::error_code none;
  const fs::path release = fs::read_symlink(place / "release", none);
  for (const auto& [path, node] : ReadTree(release)) {
    all["release/" + path] = node;
  }
  return all;
}

std::string DifferenceFromWhole(const Box& box,
                                const std::string& digest,
                                const model::Version& version) {
  const std::string difference =
      DifferenceOf(box.stage().whole.at(version), WhatRuns(box, digest), Compare::kContent);
  return difference.empty() ? "" : digest + ": " + difference;
}

}  // namespace zoowarden::crash
