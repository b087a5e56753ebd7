#include "controller/agents/grpc_agents.h"

#include "controller/agents/grpc_agents_impl.h"
#include "controller/agents/upload.h"

namespace zoowarden::controller {

namespace {

// An agent that could not be reached when the run began has not accepted its epoch yet. It is asked
// to, and is unknown until a later round; one that another run holds refuses.
void OfferEpoch(const std::vector<const Connection*>& connections,
                const Responses<v1::Observation>& responses,
                const v1::RunHeader& run) {
  std::vector<const Connection*> late;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    if (!responses[i] && responses[i].error().reason() == "fence.not_acquired") {
      late.push_back(connections[i]);
    }
  }
  if (!late.empty()) {
    v1::AcquireRequest request;
    *request.mutable_run() = run;
    static_cast<void>(AskAll<LeaseAsync, v1::AcquireRequest, v1::Lease>(
        late, &LeaseAsync::Acquire, request, kNetworkMargin));
  }
}

}  // namespace

std::vector<model::MemberObservation> ObservationsFrom(
    const std::vector<const Connection*>& connections,
    const Responses<v1::Observation>& responses) {
  std::vector<model::MemberObservation> observations;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    const auto server = connections[i]->server.id;
    auto seen = responses[i]
                    ? FromWire(*responses[i], server)
                    : base::Result<model::MemberObservation>(base::Fail(responses[i].error()));
    if (seen) {
      observations.push_back(std::move(*seen));
      continue;
    }
    auto& silent = observations.emplace_back();
    silent.id = server;
    silent.problem = seen.error().message();
    silent.fenced = seen.error().reason() == "fence.stale_epoch";
  }
  return observations;
}

Connection GrpcAgents::Impl::Connect(const model::ServerSpec& server) const {
  const auto channel = options.channel(server);
  return {.server = server,
          .channel = channel,
          .observe = v1::ObserveService::NewStub(channel),
          .operate = v1::OperateService::NewStub(channel),
          .lease = v1::LeaseService::NewStub(channel),
          .record = v1::RecordService::NewStub(channel),
          .release = v1::ReleaseService::NewStub(channel),
          .certificate = v1::CertificateService::NewStub(channel),
          .audit = v1::AuditService::NewStub(channel),
          .tree = v1::TreeService::NewStub(channel),
          .judge = options.judge,
          .ca = options.ca};
}

void GrpcAgents::Impl::Renew(Connection& connection) {
  // New handshakes show a new certificate after two seconds at most (rpc/tls_memory.h).
  constexpr std::chrono::seconds kBetween{2};
  const auto now = std::chrono::steady_clock::now();
  if (connection.outlived && (!options.own_is_good || options.own_is_good()) &&
      now - connection.renewed > kBetween) {
    connection = Connect(connection.server);
    connection.renewed = now;
  }
}

GrpcAgents::GrpcAgents(GrpcAgentsOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  for (const auto& server : impl_->options.servers) {
    impl_->connections.push_back(impl_->Connect(server));
  }
}

GrpcAgents::~GrpcAgents() = default;

std::vector<model::MemberObservation> GrpcAgents::GetStatus(milliseconds deadline) {
  const auto all = impl_->All();
  return ObservationsFrom(all,
                          AskAll<ObserveAsync, v1::GetStatusRequest, v1::Observation>(
                              all, &ObserveAsync::GetStatus, {}, deadline));
}

// Beside its wait for the canary an agent asks its server four questions of at most 800 ms (srvr;
// mntr or zabstate; a session; its digests) and reads the committed membership twice in at most 500
// ms: a slow member must come back as slow, not as an agent that is silent. A round that took so
// long stops nothing: the permit before it has lapsed.
constexpr milliseconds kObserveMargin{5'000};

std::vector<model::MemberObservation> GrpcAgents::Observe(const ObserveOptions& options) {
  v1::ObserveRequest request;
  ToWire(impl_->options.ensemble, options.run, *request.mutable_run());
  request.set_canary(options.canary.value_or(model::Zxid{}).value);
  request.set_deadline_ms(WireMilliseconds(options.deadline));
  request.set_read_back_path(options.read_back_path);
  request.set_tree_digests(options.tree_digests);
  if (const auto& report = impl_->options.on_step; report) {
    for (const auto& step : impl_->watches.Take()) {
      report(step);
    }
  }
  const auto all = impl_->All();
  auto with_session = request;
  with_session.set_check_session(true);
  const auto responses = AskEach<ObserveAsync, v1::ObserveRequest, v1::Observation>(
      all,
      &ObserveAsync::Observe,
      [&](model::ServerId server) -> const v1::ObserveRequest& {
        return options.sessions.contains(server) ? with_session : request;
      },
      options.deadline + kObserveMargin);
  OfferEpoch(all, responses, request.run());
  return ObservationsFrom(all, responses);
}

base::Result<Canary> GrpcAgents::CommitCanary(model::ServerId server,
                                              const RunIdentity& run,
                                              milliseconds deadline,
                                              const std::string& path) {
  v1::CommitCanaryRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  request.set_deadline_ms(WireMilliseconds(deadline));
  request.set_path(path);
  using Response = v1::CommitCanaryResponse;
  ZW_ASSIGN(const auto response,
            (impl_->Ask<ObserveAsync, v1::CommitCanaryRequest, Response>(
                server, &ObserveAsync::CommitCanary, request, deadline + kNetworkMargin)));
  return FromWire(response);
}

base::Status GrpcAgents::Upload(model::ServerId server,
                                const RunIdentity& run,
                                const model::ReleaseSpec& release) {
  const auto& connection = impl_->Of(server);
  UploadJob job{.ensemble = impl_->options.ensemble,
                .run = run,
                .path = release.source,
                .sha512 = release.sha512,
                .version = release.version.ToString(),
                .on_progress = {}};
  if (const auto& report = impl_->options.on_upload; report) {
    job.on_progress = [&report, server](std::uint64_t sent, std::uint64_t total) {
      report({.server = server, .sent = sent, .total = total});
    };
  }
  if (auto uploaded = UploadArchive(connection.channel, job); !uploaded) {
    return base::Fail(
        AsSentence(connection, uploaded.error()).WithContext(NameOf(connection.server)));
  }
  return base::Ok();
}

base::Status GrpcAgents::Begin(model::ServerId server,
                               const Call& call,
                               const BeginOptions& options) {
  v1::BeginRequest request;
  ToWire(options, request);
  ZW_TRY(impl_->Operate<v1::BeginRequest>(server, &OperateAsync::Begin, call, request));
  return base::Ok();
}

base::Result<Permit> GrpcAgents::RequestPermit(model::ServerId server, const Call& call) {
  v1::RequestPermitRequest request;
  ToWire(impl_->options.ensemble, call, *request.mutable_call());
  using Response = v1::RequestPermitResponse;
  ZW_ASSIGN(const auto response,
            (impl_->Ask<OperateAsync, v1::RequestPermitRequest, Response>(
                server, &OperateAsync::RequestPermit, request, call.deadline + kNetworkMargin)));
  return FromWire(response);
}

base::Status GrpcAgents::Proceed(model::ServerId server,
                                 const Call& call,
                                 const std::string& permit_id) {
  return impl_->Move<v1::ProceedRequest>(server, &OperateAsync::Proceed, call, permit_id);
}

base::Status GrpcAgents::Commit(model::ServerId server, const Call& call) {
  ZW_TRY(impl_->Operate<v1::CommitRequest>(server, &OperateAsync::Commit, call, {}));
  return base::Ok();
}

base::Status GrpcAgents::RollBack(model::ServerId server,
                                  const Call& call,
                                  const std::string& permit_id) {
  return impl_->Move<v1::RollBackRequest>(server, &OperateAsync::RollBack, call, permit_id);
}

base::Status GrpcAgents::Close(model::ServerId server, const Call& call) {
  ZW_TRY(impl_->Operate<v1::CloseRequest>(server, &OperateAsync::Close, call, {}));
  return base::Ok();
}

}  // namespace zoowarden::controller
