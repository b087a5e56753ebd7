// A mirror that archives may be fetched from.
#pragma once

#include "base/error.h"
#include "config/yaml_reader.h"

#include <string>

namespace zoowarden::config {

// "https://mirror.example/zookeeper-{version}/": a prefix, which names no host by the version.
[[nodiscard]] base::Result<std::string> ReadMirror(const YamlValue& value);

}  // namespace zoowarden::config
