// What a command prints with -o json or yaml: a small ordered tree, so that command files need no
// JSON or YAML library. Shapes are documented in docs/json.md.
//
// Values; no I/O.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace zoowarden::controller {

class Document {
 public:
  using List = std::vector<Document>;
  using Fields = std::vector<std::pair<std::string, Document>>;  // in the order of printing

  Document() = default;  // null
  // Implicit on purpose: trees are written as nested braces.
  Document(bool value) : value_(value) {}                           // NOLINT(google-explicit-*)
  Document(std::int64_t value) : value_(value) {}                   // NOLINT(google-explicit-*)
  Document(std::uint64_t value) : value_(value) {}                  // NOLINT(google-explicit-*)
  Document(int value) : value_(std::int64_t{value}) {}              // NOLINT(google-explicit-*)
  Document(std::uint32_t value) : value_(std::uint64_t{value}) {}   // NOLINT(google-explicit-*)
  Document(double value) : value_(value) {}                         // NOLINT(google-explicit-*)
  Document(std::string value) : value_(std::move(value)) {}         // NOLINT(google-explicit-*)
  Document(std::string_view value) : value_(std::string(value)) {}  // NOLINT(google-explicit-*)
  Document(const char* value) : value_(std::string(value)) {}       // NOLINT(google-explicit-*)
  Document(List value) : value_(std::move(value)) {}                // NOLINT(google-explicit-*)
  // Empty text, no value and the like print as null.
  template <typename T>
  Document(const std::optional<T>& value) {  // NOLINT(google-explicit-*)
    if (value) {
      *this = Document(*value);
    }
  }

  [[nodiscard]] static Document Map(Fields fields);
  [[nodiscard]] static Document TextOrNull(const std::string& text);

  // Adds or replaces a field of a map (null becomes a map).
  Document& Set(std::string key, Document value);
  // Adds an element to a list (null becomes a list).
  Document& Add(Document value);

  [[nodiscard]] std::string ToJson() const;      // two spaces of indentation, a line end at the end
  [[nodiscard]] std::string ToJsonLine() const;  // all in one line
  [[nodiscard]] std::string ToYaml() const;

  // kDataLoss `json.damaged` for anything that is not JSON.
  [[nodiscard]] static base::Result<Document> FromJson(std::string_view text);

  using Value = std::
      variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, List, Fields>;
  [[nodiscard]] const Value& value() const { return value_; }
  // The field of a map, or nullptr.
  [[nodiscard]] const Document* Find(std::string_view key) const;

 private:
  Value value_;
};

}  // namespace zoowarden::controller
