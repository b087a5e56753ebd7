// Walks the whole znode tree of one member in the order of model::ComparePaths, with what is held
// of it bounded: the names below the nodes on the way to the present one, and a window of answers.
//
// The tree changes meanwhile: what is deleted before it is read is left out, what is created behind
// is not seen. One owner thread.
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "model/znode.h"
#include "sys/clock.h"
#include "zknet/connection.h"
#include "zknet/znode_reader.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace zoowarden::agent {

// As zknet/znode_reader.h has them.
class ZnodeSource {
 public:
  virtual ~ZnodeSource() = default;
  virtual base::Result<std::vector<zknet::ReadZnode>> Read(std::span<const std::string> paths) = 0;
  virtual base::Result<std::vector<zknet::ChildNames>> Children(
      std::span<const std::string> paths) = 0;
  [[nodiscard]] virtual std::size_t Window() const = 0;
};

// Gives every znode to `emit`, and calls `tick` after each answer of the source, whether or not it
// had a znode: an error of either ends the walk and is its result. kDataLoss tree.malformed for
// names that no znode can have, kResourceExhausted tree.too_deep.
[[nodiscard]] base::Status WalkTree(ZnodeSource& source,
                                    const std::function<base::Status(const model::Znode&)>& emit,
                                    const std::function<base::Status()>& tick);

struct MemberTreeOptions {
  zknet::Endpoint member;
  model::Zxid at_least;                 // the member must have applied it
  std::uint32_t znodes_per_second = 0;  // 0 = as fast as it goes
  std::chrono::milliseconds connect{5'000};
};

// The local member, read no faster than allowed. A session that has ended meanwhile is made anew,
// and what it had not answered is asked again.
class MemberTree final : public ZnodeSource {
 public:
  // The clock must outlive it.
  MemberTree(MemberTreeOptions options, sys::Clock& clock);
  ~MemberTree() override;

  base::Result<std::vector<zknet::ReadZnode>> Read(std::span<const std::string> paths) override;
  base::Result<std::vector<zknet::ChildNames>> Children(
      std::span<const std::string> paths) override;
  [[nodiscard]] std::size_t Window() const override;

 private:
  template <typename T>
  base::Result<T> Ask(base::Result<T> (zknet::ZnodeReader::*question)(std::span<const std::string>),
                      std::span<const std::string> paths);
  void Pace(std::size_t znodes);

  MemberTreeOptions options_;
  sys::Clock* clock_;
  std::optional<zknet::ZnodeReader> reader_;
  std::chrono::milliseconds began_;
  std::uint64_t read_ = 0;
  std::size_t largest_ = 0;  // bytes of data, as the last reader expects them
};

}  // namespace zoowarden::agent
