#include "config/yaml_tree.h"

#include "base/text.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace zoowarden::config {
namespace {

constexpr std::size_t kMostBytes = 1U << 20U;
constexpr std::size_t kMostNodes = 100'000;
constexpr std::size_t kMostLevels = 64;

YamlPosition PositionOf(const YAML::Mark& mark) {
  return mark.is_null() ? YamlPosition{} : YamlPosition{mark.line + 1, mark.column + 1};
}

// Thrown through yaml-cpp to leave its parser, caught in ParseYaml.
struct Refusal {
  YamlPosition at;
  std::string reason;
  std::string message;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_) {
      throw Refusal{PositionOf(mark), "syntax", "a second document: use one document a file"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(NewNode(YamlNode::Kind::kNull, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Refusal{PositionOf(mark), "syntax", "this alias contains itself"};
    }
    Attach(found->second);
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseTag(mark, tag);
    auto node = NewNode(YamlNode::Kind::kScalar, mark);
    node->text = value;
    node->quoted = tag == "!";
    Add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    RefuseTag(mark, tag);
    Open(NewNode(YamlNode::Kind::kList, mark), anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    RefuseTag(mark, tag);
    Open(NewNode(YamlNode::Kind::kMap, mark), anchor);
  }
  void OnMapEnd() override { Close(); }

  [[nodiscard]] std::shared_ptr<const YamlNode> TakeRoot() {
    return root_ ? std::move(root_) : std::make_shared<const YamlNode>();
  }

 private:
  struct Level {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor = 0;
    std::shared_ptr<const YamlNode> key;  // of the entry whose value comes next
  };

  static std::shared_ptr<YamlNode> NewNode(YamlNode::Kind kind, const YAML::Mark& mark) {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->at = PositionOf(mark);
    return node;
  }

  static void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refusal{PositionOf(mark),
                    "syntax",
                    "the tag '" + base::Printable(tag, 60) + "' is not supported"};
    }
  }

  void Open(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    if (open_.size() >= kMostLevels) {
      throw Refusal{
          node->at, "too_large", "more than " + std::to_string(kMostLevels) + " levels of nesting"};
    }
    open_.push_back({std::move(node), anchor, nullptr});
  }

  void Close() {
    Level level = std::move(open_.back());
    open_.pop_back();
    Add(std::move(level.node), level.anchor);
  }

  void Add(std::shared_ptr<const YamlNode> node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      anchors_[anchor] = node;
    }
    Attach(std::move(node));
  }

  void Attach(std::shared_ptr<const YamlNode> node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = open_.back();
    level.node->weight += node->weight;
    if (level.node->weight > kMostNodes) {
      throw Refusal{level.node->at,
                    "too_large",
                    "more than " + std::to_string(kMostNodes) + " values, aliases expanded"};
    }
    if (level.node->kind == YamlNode::Kind::kList) {
      level.node->items.push_back(std::move(node));
    } else if (!level.key) {
      level.key = TakeKey(*level.node, std::move(node));
    } else {
      const auto key = std::exchange(level.key, nullptr);
      level.node->entries.push_back({key->text, key->at, std::move(node)});
    }
  }

  static std::shared_ptr<const YamlNode> TakeKey(const YamlNode& map,
                                                 std::shared_ptr<const YamlNode> key) {
    if (key->kind != YamlNode::Kind::kScalar) {
      throw Refusal{key->at, "syntax", "a key must be plain text"};
    }
    for (const auto& entry : map.entries) {
      if (entry.key == key->text) {
        throw Refusal{key->at,
                      "duplicate_key",
                      "duplicate key '" + base::Printable(key->text, 60) + "', first at line " +
                          std::to_string(entry.key_at.line)};
      }
    }
    return key;
  }

  std::shared_ptr<const YamlNode> root_;
  std::vector<Level> open_;
  std::map<YAML::anchor_t, std::shared_ptr<const YamlNode>> anchors_;
};

// A tab in the indentation of the line or the one before it. YAML forbids it, and the parser tells
// what follows from it only.
std::optional<YamlPosition> TabAt(std::string_view text, YamlPosition at) {
  const auto lines = base::Split(text, '\n');
  for (int line = at.line; line >= std::max(1, at.line - 1); --line) {
    const auto index = static_cast<std::size_t>(line) - 1;
    const auto begins = index < lines.size() ? lines[index].find_first_not_of(' ') : 0;
    if (index < lines.size() && begins != std::string_view::npos && lines[index][begins] == '\t') {
      return YamlPosition{line, static_cast<int>(begins) + 1};
    }
  }
  return std::nullopt;
}

base::Error SyntaxError(std::string_view text,
                        std::string_view file,
                        const YAML::Exception& error) {
  const auto at = PositionOf(error.mark);
  if (const auto tab = TabAt(text, at)) {
    return YamlError(file, *tab, "syntax", "a tab: indent with spaces");
  }
  return YamlError(file, at, "syntax", error.msg);
}

}  // namespace

base::Error YamlError(std::string_view file,
                      YamlPosition at,
                      std::string_view reason,
                      std::string_view message) {
  return base::Error(base::ErrorCode::kInvalidArgument,
                     "config." + std::string(reason),
                     std::string(file) + ":" + std::to_string(at.line) + ":" +
                         std::to_string(at.column) + ": " + std::string(message));
}

base::Result<std::shared_ptr<const YamlNode>> ParseYaml(std::string_view text,
                                                        std::string_view file) {
  if (text.size() > kMostBytes) {
    return base::Fail(YamlError(file, {}, "too_large", "the file is larger than 1 MiB"));
  }
  if (text.find('\0') != std::string_view::npos) {
    return base::Fail(YamlError(file, {}, "syntax", "the file is not UTF-8 text"));
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const Refusal& refusal) {
    return base::Fail(YamlError(file, refusal.at, refusal.reason, refusal.message));
  } catch (const YAML::Exception& error) {
    return base::Fail(SyntaxError(text, file, error));
  }
}

}  // namespace zoowarden::config
