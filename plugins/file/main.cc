// zoowarden-plugin-file: the settings of a YAML file.
#include "plugins/sdk/plugin_sdk.h"
#include "plugins/text/settings_text.h"
#include "sys/files.h"

namespace {

using zoowarden::plugin_sdk::Request;
using zoowarden::plugin_sdk::Settings;

zoowarden::base::Result<Settings> ReadFileSettings(const Request& request) {
  constexpr std::size_t kMostBytes = 1U << 20U;
  if (request.path.empty()) {
    return zoowarden::base::Fail(zoowarden::base::ErrorCode::kInvalidArgument,
                                 "the option 'path' is missing");
  }
  ZW_ASSIGN(const auto text, zoowarden::sys::ReadFile(request.path, kMostBytes));
  return zoowarden::plugin_text::ReadSettingsText(text, request.path);
}

}  // namespace

int main() { return zoowarden::plugin_sdk::Serve(ReadFileSettings); }
