// zoo.cfg (and a dynamic configuration file) as an ordered list of properties with typed access.
//
// Unknown keys are kept: ZooKeeper itself turns them into -Dzookeeper.<key>. A key that is there
// twice keeps both places, and the last one counts, as in Java. Values only, no I/O; reading the
// file that dynamicConfigFile names is the caller's work.
#pragma once

#include "base/error.h"
#include "zk/properties.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::zk {

class ZooCfg {
 public:
  ZooCfg() = default;

  // `name` is the file's name in messages. Reason: zoo_cfg.syntax.
  [[nodiscard]] static base::Result<ZooCfg> Parse(std::string_view text,
                                                  std::string_view name = "zoo.cfg");

  // One line a property; parsing it again gives an equal configuration. Comments are not kept.
  [[nodiscard]] std::string Print() const { return PrintProperties(properties_); }

  [[nodiscard]] const std::vector<Property>& properties() const { return properties_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  // The property that counts for `key`, or nullptr.
  [[nodiscard]] const Property* Find(std::string_view key) const;
  // Its value without blanks around it, as QuorumPeerConfig reads it.
  [[nodiscard]] std::optional<std::string> Get(std::string_view key) const;
  [[nodiscard]] base::Result<std::optional<std::int64_t>> GetNumber(std::string_view key) const;

  // Replaces the value of `key` where it counts, or appends it.
  void Set(std::string_view key, std::string_view value);
  // Removes every property whose key is `key`.
  void Remove(std::string_view key);

  // "zoo.cfg:3:14: what", pointing into the property's value at `offset`. Reason: zoo_cfg.invalid.
  [[nodiscard]] base::Error ErrorAt(const Property& property,
                                    std::size_t offset,
                                    std::string_view what) const;

  bool operator==(const ZooCfg& other) const { return properties_ == other.properties_; }

 private:
  std::string name_ = "zoo.cfg";
  std::vector<Property> properties_;
};

// Removes blanks and control characters at both ends, as Java's String.trim.
[[nodiscard]] std::string_view JavaTrim(std::string_view text);

}  // namespace zoowarden::zk
