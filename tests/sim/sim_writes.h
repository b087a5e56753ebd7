// The stream of writes in virtual time: a write through one modelled member every so often, while
// its controller runs.
#pragma once

#include "controller/run/write_stream.h"
#include "tests/sim/sim_agents.h"

#include <functional>
#include <optional>
#include <vector>

namespace zoowarden::sim {

// From its beginning to its end it is the stream of the controller that runs; one that began before
// waits meanwhile, as its process does.
class SimWriteStream final : public controller::WriteStream {
 public:
  explicit SimWriteStream(SimAgents& agents, World& world);
  SimWriteStream(const SimWriteStream&) = delete;
  SimWriteStream& operator=(const SimWriteStream&) = delete;
  ~SimWriteStream() override;

  void Follow(const controller::RunIdentity& run,
              const std::vector<model::ServerId>& through) override;
  void Rest() override;
  void End() override { Rest(); }
  std::optional<core::WritesSeen> Take() override;

 private:
  void Tick();
  [[nodiscard]] controller::WriteTry Write(model::ServerId through);

  SimAgents& agents_;
  World& world_;
  std::function<void()> before_;
  std::optional<controller::RunIdentity> run_;
  std::vector<model::ServerId> through_;
  std::size_t present_ = 0;
  Time followed_{0};
  Time next_{0};
  bool began_ = false;
  controller::WriteGaps gaps_;
};

}  // namespace zoowarden::sim
