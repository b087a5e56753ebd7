#include "config/mirror.h"

#include "base/text.h"

#include <algorithm>
#include <string_view>

namespace zoowarden::config {

base::Result<std::string> ReadMirror(const YamlValue& value) {
  ZW_ASSIGN(auto text, value.Text());
  constexpr std::string_view kScheme = "https://";
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/{}";
  const bool well_formed = text.starts_with(kScheme) && text.size() > kScheme.size() + 1 &&
                           text[kScheme.size()] != '/' && text.ends_with('/') &&
                           text.find_first_not_of(kAllowed) == std::string::npos &&
                           text.find("..") == std::string::npos;
  // In the host's name it would let a version choose the host.
  const auto path = text.find('/', std::min(text.size(), kScheme.size()));
  if (!well_formed || text.find_first_of("{}") < path) {
    return base::Fail(value.Refuse("bad_value",
                                   "must be an https:// address that ends with '/', with {version} "
                                   "where a release's stands, not '" +
                                       base::Printable(text, 80) + "'"));
  }
  return text;
}

}  // namespace zoowarden::config
