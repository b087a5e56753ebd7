// The YAML of one file as a tree that remembers where everything stood. This is the only place that
// knows yaml-cpp; its exceptions end in yaml_tree.cc.
//
// Bounded: at most 1 MiB of text, 64 levels, 100,000 nodes after aliases are counted as often as
// they are used (so that ten lines of nested aliases cannot stand for a billion nodes). Refused
// with a position: duplicate keys, keys that are not text, explicit tags, a second document, NUL
// bytes. Immutable after parsing, shared freely between threads.
#pragma once

#include "base/error.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::config {

// Both count from 1; the column counts bytes.
struct YamlPosition {
  int line = 1;
  int column = 1;
  bool operator==(const YamlPosition&) const = default;
};

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry {
    std::string key;
    YamlPosition key_at;
    std::shared_ptr<const YamlNode> value;
  };

  Kind kind = Kind::kNull;
  YamlPosition at;
  std::string text;     // of a scalar
  bool quoted = false;  // a quoted or block scalar is text, never a number or a truth value
  std::vector<std::shared_ptr<const YamlNode>> items;
  std::vector<Entry> entries;  // in the order of the file
  std::size_t weight = 1;      // nodes below and including this one, aliases expanded
};

// "file:line:column: message" with the reason "config.<reason>".
[[nodiscard]] base::Error YamlError(std::string_view file,
                                    YamlPosition at,
                                    std::string_view reason,
                                    std::string_view message);

// `file` is only the name for messages.
[[nodiscard]] base::Result<std::shared_ptr<const YamlNode>> ParseYaml(std::string_view text,
                                                                      std::string_view file);

}  // namespace zoowarden::config
