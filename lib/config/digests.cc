#include "config/digests.h"

#include "sys/digest.h"

#include <algorithm>
#include <vector>

namespace zoowarden::config {
namespace {

constexpr std::size_t kGenerationDigits = 16;

// A length before each text makes the form unambiguous: no value can imitate two.
void Add(std::string& form, std::string_view text) {
  form += std::to_string(text.size());
  form += ':';
  form += text;
  form += '\n';
}

void AddSection(std::string& form, std::string_view name, std::size_t entries) {
  Add(form, name);
  Add(form, std::to_string(entries));
}

}  // namespace

std::string ConfigurationDigest(const model::ConfigurationSpec& configuration) {
  std::string form;
  Add(form, "zoowarden configuration 1");
  AddSection(form, "settings", configuration.settings.size());
  for (const auto& [key, value] : configuration.settings) {
    Add(form, key);
    Add(form, value);
  }
  AddSection(form, "java", configuration.java.options.size());
  Add(form, configuration.java.heap);
  for (const auto& option : configuration.java.options) {
    Add(form, option);
  }
  std::vector<const model::TemplateFile*> files;
  for (const auto& file : configuration.files) {
    files.push_back(&file);
  }
  std::sort(
      files.begin(), files.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  AddSection(form, "files", files.size());
  for (const auto* file : files) {
    Add(form, file->name);
    Add(form, file->content);
  }
  return sys::Digest(sys::Hash::kSha256, form);
}

std::string GenerationDigest(const model::Version& version,
                             std::string_view release_sha512,
                             std::string_view configuration_digest) {
  std::string form;
  Add(form, "zoowarden generation 1");
  Add(form, version.ToString());
  Add(form, release_sha512);
  Add(form, configuration_digest);
  return sys::Digest(sys::Hash::kSha256, form).substr(0, kGenerationDigits);
}

}  // namespace zoowarden::config
