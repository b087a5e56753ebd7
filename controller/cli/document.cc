#include "controller/cli/document.h"

#include "base/text.h"

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace zoowarden::controller {

namespace {

using nlohmann::ordered_json;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

ordered_json ToNlohmann(const Document& document) {
  return std::visit(Overloaded{[](std::monostate) { return ordered_json(nullptr); },
                               [](const Document::List& list) {
                                 auto array = ordered_json::array();
                                 for (const auto& element : list) {
                                   array.push_back(ToNlohmann(element));
                                 }
                                 return array;
                               },
                               [](const Document::Fields& fields) {
                                 auto object = ordered_json::object();
                                 for (const auto& [key, value] : fields) {
                                   object[key] = ToNlohmann(value);
                                 }
                                 return object;
                               },
                               [](const auto& scalar) { return ordered_json(scalar); }},
                    document.value());
}

// Text that YAML would read as something else (true, 12, ~, 0x10, dates) is quoted; quoting every
// text is simple and always right.
void Emit(YAML::Emitter& out, const Document& document) {
  std::visit(Overloaded{[&](std::monostate) { out << YAML::Null; },
                        [&](const std::string& text) { out << YAML::DoubleQuoted << text; },
                        [&](const Document::List& list) {
                          out << (list.empty() ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
                          for (const auto& element : list) {
                            Emit(out, element);
                          }
                          out << YAML::EndSeq;
                        },
                        [&](const Document::Fields& fields) {
                          out << (fields.empty() ? YAML::Flow : YAML::Block) << YAML::BeginMap;
                          for (const auto& [key, value] : fields) {
                            out << YAML::Key << key << YAML::Value;
                            Emit(out, value);
                          }
                          out << YAML::EndMap;
                        },
                        [&](const auto& scalar) { out << scalar; }},
             document.value());
}

Document FromNlohmann(const ordered_json& json) {
  switch (json.type()) {
    case ordered_json::value_t::boolean:
      return json.get<bool>();
    case ordered_json::value_t::number_integer:
      return json.get<std::int64_t>();
    case ordered_json::value_t::number_unsigned:
      return json.get<std::uint64_t>();
    case ordered_json::value_t::number_float:
      return json.get<double>();
    case ordered_json::value_t::string:
      return json.get<std::string>();
    case ordered_json::value_t::array: {
      Document::List list;
      for (const auto& element : json) {
        list.push_back(FromNlohmann(element));
      }
      return list;
    }
    case ordered_json::value_t::object: {
      Document::Fields fields;
      for (const auto& [key, value] : json.items()) {
        fields.emplace_back(key, FromNlohmann(value));
      }
      return Document::Map(std::move(fields));
    }
    case ordered_json::value_t::null:
    case ordered_json::value_t::binary:
    case ordered_json::value_t::discarded:
      return {};
  }
  return {};
}

// Bytes that are no UTF-8 become U+FFFD instead of an exception.
std::string Dump(const Document& document, int indent) {
  return ToNlohmann(document).dump(indent, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace

Document Document::Map(Fields fields) {
  Document map;
  map.value_ = std::move(fields);
  return map;
}

Document Document::TextOrNull(const std::string& text) {
  return text.empty() ? Document() : Document(text);
}

Document& Document::Set(std::string key, Document value) {
  if (std::holds_alternative<std::monostate>(value_)) {
    value_ = Fields();
  }
  auto& fields = std::get<Fields>(value_);
  const auto found = std::find_if(
      fields.begin(), fields.end(), [&key](const auto& field) { return field.first == key; });
  if (found != fields.end()) {
    found->second = std::move(value);
  } else {
    fields.emplace_back(std::move(key), std::move(value));
  }
  return *this;
}

Document& Document::Add(Document value) {
  if (std::holds_alternative<std::monostate>(value_)) {
    value_ = List();
  }
  std::get<List>(value_).push_back(std::move(value));
  return *this;
}

std::string Document::ToJson() const { return Dump(*this, 2); }

std::string Document::ToJsonLine() const { return Dump(*this, -1); }

std::string Document::ToYaml() const {
  YAML::Emitter out;
  Emit(out, *this);
  return std::string(out.c_str()) + "\n";
}

base::Result<Document> Document::FromJson(std::string_view text) {
  const auto json = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return base::Fail(base::ErrorCode::kDataLoss, "json.damaged", "the text is not JSON");
  }
  return FromNlohmann(json);
}

const Document* Document::Find(std::string_view key) const {
  const auto* fields = std::get_if<Fields>(&value_);
  if (fields == nullptr) {
    return nullptr;
  }
  const auto found = std::find_if(
      fields->begin(), fields->end(), [key](const auto& field) { return field.first == key; });
  return found == fields->end() ? nullptr : &found->second;
}

}  // namespace zoowarden::controller
