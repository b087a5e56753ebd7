#include "controller/agents/grpc_fleet.h"

#include "controller/agents/grpc_agents_impl.h"

#include <utility>

namespace zoowarden::controller {
namespace {

// Of a connection only what this question needs: a fleet has thousands.
Connection ConnectToObserve(const GrpcAgentsOptions& options, const model::ServerSpec& server) {
  Connection connection{.server = server, .judge = options.judge, .ca = options.ca};
  connection.channel = options.channel(server);
  connection.observe = v1::ObserveService::NewStub(connection.channel);
  return connection;
}

class GrpcFleet final : public FleetAgents {
 public:
  explicit GrpcFleet(std::vector<base::Result<GrpcAgentsOptions>> ensembles) {
    for (auto& options : ensembles) {
      auto& ensemble = ensembles_.emplace_back();
      if (!options) {
        ensemble.error = options.error();
        continue;
      }
      for (const auto& server : options->servers) {
        ensemble.connections.push_back(ConnectToObserve(*options, server));
      }
    }
  }

  std::vector<EnsembleAnswer> GetStatus(milliseconds deadline) override {
    std::vector<const Connection*> all;
    for (const auto& ensemble : ensembles_) {
      for (const auto& connection : ensemble.connections) {
        all.push_back(&connection);
      }
    }
    const auto seen = ObservationsFrom(all,
                                       AskAll<ObserveAsync, v1::GetStatusRequest, v1::Observation>(
                                           all, &ObserveAsync::GetStatus, {}, deadline));
    std::vector<EnsembleAnswer> answers;
    auto next = seen.begin();
    for (const auto& ensemble : ensembles_) {
      if (ensemble.error) {
        answers.emplace_back(base::Fail(*ensemble.error));
        continue;
      }
      const auto end = next + static_cast<std::ptrdiff_t>(ensemble.connections.size());
      answers.emplace_back(std::vector<model::MemberObservation>(next, end));
      next = end;
    }
    return answers;
  }

 private:
  struct Ensemble {
    std::vector<Connection> connections;
    std::optional<base::Error> error;
  };
  std::vector<Ensemble> ensembles_;
};

}  // namespace

std::shared_ptr<FleetAgents> MakeGrpcFleet(std::vector<base::Result<GrpcAgentsOptions>> ensembles) {
  return std::make_shared<GrpcFleet>(std::move(ensembles));
}

}  // namespace zoowarden::controller
