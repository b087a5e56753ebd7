// zoowarden-plugin-exec: the settings that a declared command prints.
#include "plugins/exec/run_command.h"
#include "plugins/sdk/plugin_sdk.h"
#include "plugins/text/settings_text.h"

namespace {

using zoowarden::plugin_sdk::Request;
using zoowarden::plugin_sdk::Settings;

zoowarden::base::Result<Settings> RunDeclaredCommand(const Request& request) {
  if (request.command.empty()) {
    return zoowarden::base::Fail(zoowarden::base::ErrorCode::kInvalidArgument,
                                 "the option 'command' is missing");
  }
  ZW_ASSIGN(const auto output, zoowarden::plugin_exec::RunCommand(request.command));
  return zoowarden::plugin_text::ReadSettingsText(output, "output of " + request.command.front());
}

}  // namespace

int main() { return zoowarden::plugin_sdk::Serve(RunDeclaredCommand); }
