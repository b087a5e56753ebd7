// What one server's configuration loses and gains, key by key, and how each takes effect. Pure.
#pragma once

#include "controller/cli/running_configuration.h"
#include "core/plan.h"
#include "zk/key_effects.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

struct KeyChange {
  std::string key;  // "tickTime", "java heap", "java options", "file logback.xml"
  zk::KeyEffect effect;
  std::string sentence;
};

// From what is seen of the server to `after`; of the JVM and the files only where it is known what
// runs now.
[[nodiscard]] std::vector<KeyChange> KeyChanges(const core::PlanInput& input,
                                                const Configurations& running,
                                                const core::PlanStep& step,
                                                const model::ConfigurationSpec& after);

}  // namespace zoowarden::controller
