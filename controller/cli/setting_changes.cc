#include "controller/cli/setting_changes.h"

#include "base/text.h"
#include "model/secrets.h"
#include "zk/known_keys.h"

#include <algorithm>
#include <set>

namespace zoowarden::controller {

namespace {

std::string SentenceOf(const std::string& key,
                       const zk::KeyEffect& effect,
                       const model::Version& version) {
  const auto since = effect.since ? " since " + effect.since->ToString() : std::string();
  switch (effect.effect) {
    case zk::Effect::kLive:
      return "read at the start; ZooKeeper can also be told live" + since + ", over JMX (" +
             effect.attribute + "), until it starts again";
    case zk::Effect::kReconfiguration:
      return "by reconfiguration" + since + " where reconfigEnabled is on, else read at the start";
    case zk::Effect::kRestart:
      break;
  }
  const auto advice = zk::KeyAdvice(key, version);
  return advice ? *advice + "; passed on at the start as -Dzookeeper." + base::Printable(key, 80)
                : "read at the start only" + since;
}

// Masked on both sides: of a secret that changes from one value to another nothing is known here.
std::set<std::string> ChangedKeys(const model::Settings& before, const model::Settings& after) {
  std::set<std::string> keys;
  const auto add = [&keys](const model::Settings& one, const model::Settings& other) {
    for (const auto& [key, value] : model::MaskSecrets(one)) {
      const auto found = other.find(key);
      if (found == other.end() || model::MaskSecrets({*found}).begin()->second != value) {
        keys.insert(key);
      }
    }
  };
  add(before, after);
  add(after, before);
  return keys;
}

std::vector<std::string> Masked(const std::vector<std::string>& options) {
  std::vector<std::string> masked;
  masked.reserve(options.size());
  for (const auto& option : options) {
    masked.push_back(model::MaskSecretOption(option));
  }
  return masked;
}

void AddOthers(const model::ConfigurationSpec& before,
               const model::ConfigurationSpec& after,
               std::vector<KeyChange>& changes) {
  const auto add = [&changes](std::string key, std::string sentence) {
    changes.push_back({.key = std::move(key), .effect = {}, .sentence = std::move(sentence)});
  };
  if (before.java.heap != after.java.heap) {
    add("java heap", "an option of the JVM: at its start only");
  }
  if (Masked(before.java.options) != Masked(after.java.options)) {
    add("java options", "options of the JVM: at its start only");
  }
  std::set<std::string> names;
  const auto compare = [&names](const auto& some, const auto& others) {
    for (const auto& file : some) {
      if (std::find(others.begin(), others.end(), file) == others.end()) {
        names.insert(file.name);
      }
    }
  };
  compare(before.files, after.files);
  compare(after.files, before.files);
  for (const auto& name : names) {
    add("file " + base::Printable(name), "a file beside zoo.cfg: in the new generation only");
  }
}

}  // namespace

std::vector<KeyChange> KeyChanges(const core::PlanInput& input,
                                  const Configurations& running,
                                  const core::PlanStep& step,
                                  const model::ConfigurationSpec& after) {
  std::vector<KeyChange> changes;
  const auto seen = std::find_if(input.seen.begin(), input.seen.end(), [&step](const auto& member) {
    return member.id == step.server;
  });
  if (seen == input.seen.end() || !step.configuration_changes) {
    return changes;
  }
  const auto& version = step.to.version;
  for (const auto& key : ChangedKeys(seen->settings, after.settings)) {
    auto effect = zk::EffectOf(key, version);
    auto sentence = SentenceOf(key, effect, version);
    changes.push_back({.key = base::Printable(key),
                       .effect = std::move(effect),
                       .sentence = std::move(sentence)});
  }
  if (const auto now = running.find(step.server); now != running.end()) {
    AddOthers(now->second, after, changes);
  }
  return changes;
}

}  // namespace zoowarden::controller
