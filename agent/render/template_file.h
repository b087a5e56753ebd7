// Free-form configuration files from mustache templates. The only place that knows kainjow
// mustache.
//
// Deterministic, no HTML escaping, no partials, no changed delimiters inside values. A variable
// that is not defined is an error, because an empty place in jaas.conf is found when the server is
// down.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"

#include <map>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct TemplateValues {
  std::map<std::string, std::string> variables;  // {{name}}
  // {{#settings}}{{key}}={{value}}{{/settings}} and {{#members}}{{id}} {{host}}{{/members}}
  std::map<std::string, std::vector<std::map<std::string, std::string>>> lists;
};

// Errors, kInvalidArgument: `config.template_syntax`, `config.template_variable`,
// `config.template_too_large` (more than 1 MiB rendered).
[[nodiscard]] base::Result<std::string> RenderTemplate(const model::TemplateFile& file,
                                                       const TemplateValues& values);

}  // namespace zoowarden::agent
