#include "config/ensemble_edit.h"

#include "config/yaml_edit.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

namespace zoowarden::config {
namespace {

constexpr const char* kByHand = "the release";

base::Result<Node> ReleaseOf(std::string_view text, const std::string& path) {
  ZW_ASSIGN(const auto root, ParseYaml(text, path));
  const auto* entry = FindEntry(*root, "release");
  if (entry == nullptr || entry->value->kind != YamlNode::Kind::kMap ||
      entry->value->entries.empty()) {
    return base::Fail(NotEditable(path, root->at, "there is no release map", kByHand));
  }
  return entry->value;
}

// The tree that the edited text must have.
std::shared_ptr<YamlNode> Expected(const YamlNode& root,
                                   const std::vector<std::pair<std::string, std::string>>& wanted) {
  auto expected = std::make_shared<YamlNode>(root);
  for (auto& entry : expected->entries) {
    if (entry.key != "release") {
      continue;
    }
    auto release = std::make_shared<YamlNode>(*entry.value);
    for (const auto& [key, value] : wanted) {
      auto scalar = std::make_shared<YamlNode>();
      scalar->kind = YamlNode::Kind::kScalar;
      scalar->text = value;
      const auto found = std::find_if(release->entries.begin(),
                                      release->entries.end(),
                                      [&key = key](const auto& e) { return e.key == key; });
      if (found != release->entries.end()) {
        found->value = scalar;
      } else {
        release->entries.push_back({key, {}, scalar});
      }
    }
    entry.value = release;
  }
  return expected;
}

// As the file would write it: relative where its `source` is relative today.
std::string PathInFile(const YamlNode& release,
                       const std::string& path,
                       const std::string& target) {
  const auto* source = FindEntry(release, "source");
  const bool relative = source != nullptr && !source->value->text.empty() &&
                        !std::filesystem::path(source->value->text).is_absolute();
  if (!relative || target.empty()) {
    return target;
  }
  const auto directory = std::filesystem::path(path).parent_path();
  return std::filesystem::path(target).lexically_relative(directory).string();
}

}  // namespace

base::Result<std::string> EditRelease(std::string_view text,
                                      const std::string& path,
                                      const ReleaseEdit& release) {
  ZW_ASSIGN(const auto before, ParseYaml(text, path));
  ZW_ASSIGN(const auto old_release, ReleaseOf(text, path));
  std::vector<std::pair<std::string, std::string>> wanted = {{"version", release.version},
                                                             {"sha512", release.sha512}};
  const std::pair<std::string, const std::string&> files[] = {{"source", release.source},
                                                              {"signature", release.signature}};
  for (const auto& [key, file] : files) {
    if (!file.empty() || FindEntry(*old_release, key) != nullptr) {
      wanted.emplace_back(key, PathInFile(*old_release, path, file));
    }
  }
  std::string edited(text);
  for (const auto& [key, value] : wanted) {
    // Parsed afresh for each key, because every edit moves what stands behind it.
    ZW_ASSIGN(const auto current, ReleaseOf(edited, path));
    const auto* entry = FindEntry(*current, key);
    auto done = base::Ok();
    if (entry == nullptr) {
      const auto quote = QuoteOf(edited, *current->entries.back().value);
      done = InsertBehindScalar(edited, *current, key, Written(value, quote));
    } else if (entry->value->text != value || entry->value->kind != YamlNode::Kind::kScalar) {
      done = ReplaceScalar(edited, *entry->value, value, kAdoptedNote);
    }
    if (!done) {
      const auto at = entry == nullptr ? current->entries.back().value->at : entry->value->at;
      return base::Fail(NotEditable(path, at, done.error().message(), kByHand));
    }
  }
  const auto after = ParseYaml(edited, path);
  if (!after || !SameTree(*Expected(*before, wanted), **after)) {
    return base::Fail(NotEditable(
        path, old_release->at, "changing this release would change other values too", kByHand));
  }
  return edited;
}

base::Status EditReleaseInFile(const std::string& path,
                               std::string_view expected,
                               const ReleaseEdit& release) {
  ZW_ASSIGN(const auto edited, EditRelease(expected, path, release));
  return WriteEdited(path, expected, edited, "set release to " + release.version);
}

}  // namespace zoowarden::config
