#include "model/discovery.h"

namespace zoowarden::model {

std::string_view ForeignLauncherName(ForeignLauncher launcher) {
  switch (launcher) {
    case ForeignLauncher::kUnknown:
      return "";
    case ForeignLauncher::kScript:
      return "script";
    case ForeignLauncher::kUnit:
      return "unit";
  }
  return "";
}

ForeignLauncher ParseForeignLauncher(std::string_view name) {
  for (const auto launcher : {ForeignLauncher::kScript, ForeignLauncher::kUnit}) {
    if (name == ForeignLauncherName(launcher)) {
      return launcher;
    }
  }
  return ForeignLauncher::kUnknown;
}

}  // namespace zoowarden::model
