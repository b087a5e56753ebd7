#include "agent/render/template_file.h"

#include "base/text.h"

#include <kainjow/mustache.hpp>

#include <exception>
#include <optional>
#include <set>

namespace zoowarden::agent {
namespace {

namespace mustache = kainjow::mustache;
using base::Fail;

constexpr std::size_t kMaxRenderedBytes = 1024 * 1024;

// Remembers the first name that nothing defines; the library renders it as nothing. A partial would
// be another template: there are none to name.
class StrictContext final : public mustache::basic_context<std::string> {
 public:
  explicit StrictContext(const mustache::data* data) : values_(data) {}

  void push(const mustache::data* data) override { values_.push(data); }
  void pop() override { values_.pop(); }
  const mustache::data* get(const std::string& name) const override {
    const auto* found = values_.get(name);
    if (found == nullptr && !undefined_) {
      undefined_ = name;
    }
    return found;
  }
  const mustache::data* get_partial(const std::string& name) const override {
    if (!undefined_) {
      undefined_ = "> " + name;
    }
    return nullptr;
  }
  [[nodiscard]] const std::optional<std::string>& undefined() const { return undefined_; }

 private:
  mustache::context<std::string> values_;
  mutable std::optional<std::string> undefined_;
};

mustache::data DataOf(const TemplateValues& values) {
  mustache::data data{mustache::data::type::object};
  for (const auto& [name, value] : values.variables) {
    data.set(name, value);
  }
  for (const auto& [name, items] : values.lists) {
    mustache::data list{mustache::data::type::list};
    for (const auto& item : items) {
      mustache::data object{mustache::data::type::object};
      for (const auto& [key, value] : item) {
        object.set(key, value);
      }
      list.push_back(object);
    }
    data.set(name, list);
  }
  return data;
}

std::string KnownNames(const TemplateValues& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values.variables) {
    names.push_back(name);
  }
  for (const auto& [name, items] : values.lists) {
    names.push_back("#" + name);
  }
  return base::Join(names, ", ");
}

base::Error Problem(const model::TemplateFile& file, std::string reason, std::string_view what) {
  return {base::ErrorCode::kInvalidArgument,
          std::move(reason),
          "template of '" + base::Printable(file.name, 100) + "': " + std::string(what)};
}

// `what` is the library's.
base::Error BadSyntax(const model::TemplateFile& file, const std::string& what) {
  return Problem(file, "config.template_syntax", base::Printable(what) + "; correct the template");
}

}  // namespace

base::Result<std::string> RenderTemplate(const model::TemplateFile& file,
                                         const TemplateValues& values) {
  try {
    mustache::mustache parsed(file.content);
    if (!parsed.is_valid()) {
      return Fail(BadSyntax(file, parsed.error_message()));
    }
    parsed.set_custom_escape([](const std::string& text) { return text; });
    const auto data = DataOf(values);
    StrictContext context(&data);
    std::string rendered = parsed.render(context);
    if (context.undefined()) {
      return Fail(Problem(file,
                          "config.template_variable",
                          "'" + base::Printable(*context.undefined(), 80) +
                              "' is not defined; there are: " + KnownNames(values)));
    }
    if (!parsed.is_valid()) {
      return Fail(BadSyntax(file, parsed.error_message()));
    }
    if (rendered.size() > kMaxRenderedBytes) {
      return Fail(
          Problem(file, "config.template_too_large", "more than 1 MiB when rendered; shorten it"));
    }
    return rendered;
  } catch (const std::exception& error) {
    return Fail(BadSyntax(file, error.what()));
  }
}

}  // namespace zoowarden::agent
