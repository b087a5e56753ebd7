// The chunks of one Upload call: one archive of one run, as its row in the audit says. Private to
// this folder.
#pragma once

#include "agent/service/agent_core.h"
#include "agent/service/call_audit.h"
#include "base/error.h"
#include "zoowarden/v1/operate.pb.h"

#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <optional>
#include <string>

namespace zoowarden::agent {

class UploadStream {
 public:
  // All must outlive it. Ends when nothing comes for `idle`.
  UploadStream(AgentCore& core,
               grpc::ServerContext& context,
               CallAudit& audit,
               std::chrono::milliseconds idle)
      : core_(core), context_(context), audit_(audit), idle_(idle) {}

  // Until the caller has sent all. kInvalidArgument `upload.mixed`, kDeadlineExceeded
  // `upload.idle`; CheckStaging's and Releases::Append's.
  [[nodiscard]] base::Result<UploadProgress> Take(grpc::ServerReader<v1::UploadRequest>& chunks);

 private:
  [[nodiscard]] base::Status CheckSame(const v1::UploadRequest& chunk);
  [[nodiscard]] base::Result<UploadProgress> Append(const v1::UploadRequest& chunk);

  AgentCore& core_;
  grpc::ServerContext& context_;
  CallAudit& audit_;
  std::chrono::milliseconds idle_;
  std::optional<v1::UploadRequest> first_;  // without its data
};

}  // namespace zoowarden::agent
