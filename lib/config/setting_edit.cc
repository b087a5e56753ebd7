#include "config/setting_edit.h"

#include "config/yaml_edit.h"

#include <algorithm>

namespace zoowarden::config {
namespace {

constexpr const char* kByHand = "the setting";

// Of an entry that is new.
std::string AsYaml(const std::string& value) { return Written(value, '\0'); }

std::string OneSetting(const SettingEdit& edit) {
  return "{" + edit.key + ": " + AsYaml(edit.value) + "}";
}

bool IsServer(const YamlNode& item, model::ServerId id) {
  const auto* entry = item.kind == YamlNode::Kind::kMap ? FindEntry(item, "id") : nullptr;
  return entry != nullptr && entry->value->text == model::ToString(id);
}

// The map that `settings` belongs into, or none.
Node OwnerOf(const YamlNode& root, const SettingEdit& edit) {
  const auto* entry = FindEntry(root, edit.server ? "servers" : "config");
  if (entry == nullptr || !edit.server) {
    return entry == nullptr ? nullptr : entry->value;
  }
  const auto& items = entry->value->items;
  const auto found = std::find_if(
      items.begin(), items.end(), [&](const Node& item) { return IsServer(*item, *edit.server); });
  return found == items.end() ? nullptr : *found;
}

base::Status AddSettings(std::string& text, const YamlNode& owner, const SettingEdit& edit) {
  const bool has_scalar =
      std::any_of(owner.entries.begin(), owner.entries.end(), [](const auto& entry) {
        return entry.value->kind == YamlNode::Kind::kScalar;
      });
  return has_scalar ? InsertBehindScalar(text, owner, "settings", OneSetting(edit))
                    : InsertBefore(text, owner.entries.front(), "settings", OneSetting(edit));
}

base::Status EditIn(std::string& text, const YamlNode& root, const SettingEdit& edit) {
  const auto owner = OwnerOf(root, edit);
  const auto* servers = FindEntry(root, "servers");
  if (!owner && !edit.server && servers != nullptr) {
    return InsertBefore(text, *servers, "config", "{settings: " + OneSetting(edit) + "}");
  }
  if (!owner || owner->entries.empty()) {
    return base::Fail(
        base::ErrorCode::kFailedPrecondition, "config.not_editable", "there is no such map");
  }
  const auto* settings = FindEntry(*owner, "settings");
  if (settings == nullptr) {
    return AddSettings(text, *owner, edit);
  }
  const auto* entry = FindEntry(*settings->value, edit.key);
  if (entry == nullptr) {
    return InsertBehindScalar(text, *settings->value, edit.key, AsYaml(edit.value));
  }
  return entry->value->text == edit.value && entry->value->kind == YamlNode::Kind::kScalar
             ? base::Ok()
             : ReplaceScalar(text, *entry->value, edit.value, "");
}

std::shared_ptr<YamlNode> CopyOrNew(const Node& node) {
  if (node) {
    return std::make_shared<YamlNode>(*node);
  }
  auto map = std::make_shared<YamlNode>();
  map->kind = YamlNode::Kind::kMap;
  return map;
}

void Put(YamlNode& map, const std::string& key, Node value) {
  const auto found = std::find_if(
      map.entries.begin(), map.entries.end(), [&](const auto& entry) { return entry.key == key; });
  if (found != map.entries.end()) {
    found->value = std::move(value);
  } else {
    map.entries.push_back({key, {}, std::move(value)});
  }
}

Node Get(const YamlNode& map, const std::string& key) {
  const auto* entry = FindEntry(map, key);
  return entry == nullptr ? nullptr : entry->value;
}

Node WithSetting(const Node& owner, const SettingEdit& edit) {
  auto changed = CopyOrNew(owner);
  auto settings = CopyOrNew(Get(*changed, "settings"));
  auto scalar = std::make_shared<YamlNode>();
  scalar->kind = YamlNode::Kind::kScalar;
  scalar->text = edit.value;
  Put(*settings, edit.key, scalar);
  Put(*changed, "settings", settings);
  return changed;
}

// The tree that the edited text must have.
Node Expected(const Node& root, const SettingEdit& edit) {
  auto expected = CopyOrNew(root);
  if (!edit.server) {
    Put(*expected, "config", WithSetting(Get(*expected, "config"), edit));
    return expected;
  }
  auto servers = CopyOrNew(Get(*expected, "servers"));
  for (auto& item : servers->items) {
    if (IsServer(*item, *edit.server)) {
      item = WithSetting(item, edit);
    }
  }
  Put(*expected, "servers", servers);
  return expected;
}

YamlPosition PositionOf(const YamlNode& root, const SettingEdit& edit) {
  const auto owner = OwnerOf(root, edit);
  const auto settings = owner ? Get(*owner, "settings") : nullptr;
  return settings ? settings->at : owner ? owner->at : root.at;
}

}  // namespace

base::Result<std::string> EditSettings(std::string_view text,
                                       const std::string& path,
                                       const std::vector<SettingEdit>& edits) {
  std::string edited(text);
  for (const auto& edit : edits) {
    // Parsed afresh for each one, because every edit moves what stands behind it.
    ZW_ASSIGN(const auto before, ParseYaml(edited, path));
    const auto at = PositionOf(*before, edit);
    if (const auto done = EditIn(edited, *before, edit); !done) {
      return base::Fail(NotEditable(path, at, done.error().message(), kByHand));
    }
    const auto after = ParseYaml(edited, path);
    if (!after || !SameTree(*Expected(before, edit), **after)) {
      return base::Fail(NotEditable(
          path, at, "changing '" + edit.key + "' here would change other values too", kByHand));
    }
  }
  return edited;
}

base::Status EditSettingsInFile(const std::string& path,
                                std::string_view expected,
                                const std::vector<SettingEdit>& edits) {
  ZW_ASSIGN(const auto edited, EditSettings(expected, path, edits));
  std::string keys;
  for (const auto& edit : edits) {
    keys += (keys.empty() ? "" : ", ") + edit.key + "=" + edit.value;
  }
  return WriteEdited(path, expected, edited, "set " + keys);
}

}  // namespace zoowarden::config
