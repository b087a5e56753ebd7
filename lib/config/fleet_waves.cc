#include "config/fleet_waves.h"

#include "base/text.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace zoowarden::config {
namespace {

using Indices = std::vector<std::size_t>;

struct WaveSpec {
  std::string name;
  Labels labels;
  std::optional<std::size_t> count;
  std::optional<std::size_t> percentage;
};

base::Result<std::size_t> ReadPercentage(const YamlValue& value) {
  ZW_ASSIGN(const auto text, value.Text());
  const auto number = text.ends_with('%')
                          ? base::ParseUnsigned(std::string_view(text).substr(0, text.size() - 1))
                          : std::nullopt;
  if (!number || *number == 0 || *number > 100) {
    return base::Fail(value.Refuse(
        "bad_value", "must be from 1% to 100%, not '" + base::Printable(text, 60) + "'"));
  }
  return static_cast<std::size_t>(*number);
}

base::Result<WaveSpec> ReadWave(const YamlValue& value) {
  ZW_ASSIGN(const auto map, value.Map({"name", "labels", "count", "percentage"}));
  WaveSpec wave;
  ZW_ASSIGN(wave.name, map.NeedText("name"));
  if (const auto labels = map.Find("labels")) {
    ZW_ASSIGN(wave.labels, ReadLabels(*labels));
  }
  if (const auto count = map.Find("count")) {
    ZW_ASSIGN(const auto number, count->Number({1, 1'000'000}));
    wave.count = static_cast<std::size_t>(number);
  }
  if (const auto percentage = map.Find("percentage")) {
    if (wave.count) {
      return base::Fail(percentage->Refuse("bad_value", "stands beside count: give one of them"));
    }
    ZW_ASSIGN(wave.percentage, ReadPercentage(*percentage));
  }
  return wave;
}

bool HasLabels(const FleetEnsemble& ensemble, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = ensemble.labels.find(label.first);
    return found != ensemble.labels.end() && found->second == label.second;
  });
}

// Of all that have the labels, also of those that an earlier wave has taken.
std::size_t Limit(const WaveSpec& wave, std::size_t with_labels) {
  if (wave.percentage) {
    return (with_labels * *wave.percentage + 99) / 100;
  }
  return wave.count.value_or(with_labels);
}

Indices Take(const WaveSpec& wave,
             const std::vector<FleetEnsemble>& ensembles,
             std::vector<bool>& taken) {
  Indices fitting;
  std::size_t with_labels = 0;
  for (std::size_t i = 0; i < ensembles.size(); ++i) {
    if (HasLabels(ensembles[i], wave.labels)) {
      ++with_labels;
      if (!taken[i]) {
        fitting.push_back(i);
      }
    }
  }
  fitting.resize(std::min(fitting.size(), Limit(wave, with_labels)));
  for (const auto index : fitting) {
    taken[index] = true;
  }
  return fitting;
}

std::string LabelText(const std::string& key, const std::string& text) {
  return base::Join({key, text}, ": ");
}

// "tier: canary" of all ensembles, for the nearest one.
std::vector<std::string> KnownLabels(const std::vector<FleetEnsemble>& ensembles) {
  std::set<std::string> known;
  for (const auto& ensemble : ensembles) {
    for (const auto& [key, text] : ensemble.labels) {
      known.insert(LabelText(key, text));
    }
  }
  return {known.begin(), known.end()};
}

base::Error TakesNothing(const YamlValue& value,
                         const WaveSpec& wave,
                         const std::vector<FleetEnsemble>& ensembles) {
  const auto known = KnownLabels(ensembles);
  for (const auto& [key, text] : wave.labels) {
    const auto label = LabelText(key, text);
    if (std::find(known.begin(), known.end(), label) != known.end()) {
      continue;
    }
    const auto nearest = base::NearestName(label, known);
    return value.Refuse("empty_wave",
                        "takes no ensemble: none has the label '" + label + "'" +
                            (nearest ? ", did you mean '" + *nearest + "'?" : ""));
  }
  return value.Refuse("empty_wave",
                      "takes no ensemble: earlier waves took all that it could take; remove it or "
                      "move it up");
}

base::Error LeftOver(const YamlValue& value,
                     const std::vector<FleetEnsemble>& ensembles,
                     const std::vector<bool>& taken) {
  std::vector<std::string> names;
  std::size_t count = 0;
  for (std::size_t i = 0; i < ensembles.size(); ++i) {
    if (!taken[i] && ++count <= 5) {
      names.push_back(ensembles[i].file.spec.name);
    }
  }
  return value.Refuse(
      "no_wave",
      "take not all ensembles: " + base::Join(names, ", ") +
          (count > names.size() ? " and " + std::to_string(count - names.size()) + " more are"
                                : std::string(count > 1 ? " are" : " is")) +
          " in none; add a last wave `- name: rest`, which takes what is left");
}

}  // namespace

base::Result<Labels> ReadLabels(const YamlValue& value) {
  ZW_ASSIGN(const auto map, value.OpenMap());
  Labels labels;
  for (const auto& [key, text] : map.Entries()) {
    ZW_ASSIGN(labels[key], text.Text());
  }
  return labels;
}

base::Result<std::vector<model::FleetWave>> ReadWaves(const YamlValue& value,
                                                      const std::vector<FleetEnsemble>& ensembles) {
  ZW_ASSIGN(const auto items, value.List());
  std::vector<bool> taken(ensembles.size(), false);
  std::vector<model::FleetWave> waves;
  std::set<std::string> names;
  for (const auto& item : items) {
    ZW_ASSIGN(auto wave, ReadWave(item));
    if (!names.insert(wave.name).second) {
      return base::Fail(item.Refuse("duplicate", ": '" + wave.name + "' names two waves"));
    }
    auto indices = Take(wave, ensembles, taken);
    if (indices.empty()) {
      return base::Fail(TakesNothing(item, wave, ensembles));
    }
    waves.push_back({.name = std::move(wave.name), .ensembles = std::move(indices)});
  }
  if (std::find(taken.begin(), taken.end(), false) != taken.end()) {
    return base::Fail(LeftOver(value, ensembles, taken));
  }
  return waves;
}

}  // namespace zoowarden::config
