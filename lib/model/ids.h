// Strong types for the values that must never be mixed up. Values only, no I/O.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace zoowarden::model {

// A server's number in the ensemble: `server.N` and the content of myid.
struct ServerId {
  std::uint32_t value = 0;
  auto operator<=>(const ServerId&) const = default;
};

// A ZooKeeper transaction id. Compared as one 64-bit number; the split into epoch and counter may
// change (ZOOKEEPER-2789 proposes 24/40), so nothing here takes it apart.
struct Zxid {
  std::uint64_t value = 0;
  auto operator<=>(const Zxid&) const = default;
  [[nodiscard]] std::string ToString() const;  // "0x100000002"
};

// The fencing token of a run: only the holder of the highest one may command an agent.
struct FencingEpoch {
  std::uint64_t value = 0;
  auto operator<=>(const FencingEpoch&) const = default;
};

[[nodiscard]] inline std::string ToString(ServerId id) { return std::to_string(id.value); }

}  // namespace zoowarden::model

template <>
struct std::hash<zoowarden::model::ServerId> {
  std::size_t operator()(zoowarden::model::ServerId id) const noexcept { return id.value; }
};
