// The calls about an agent's certificates, on a whole agent.
#include "pki/revocation.h"
#include "rpc/status.h"
#include "tests/unit/agent/service/running_agent.h"
#include "zoowarden/v1/certificate.grpc.pb.h"
#include "zoowarden/v1/observe.grpc.pb.h"

namespace zoowarden::agent {
namespace {

class CertificatesTest : public RunningAgentTest {
 protected:
  [[nodiscard]] std::string Crl() const override { return At("crl.pem"); }
  [[nodiscard]] std::string NewList(const std::string& ca = "ca") {
    EXPECT_TRUE(pki::WriteCrl({.ca_directory = At(ca), .out = At("new.pem")}, clock_));
    return sys::ReadFile(At("new.pem"), 100'000).value();
  }
  std::string PutCrl(const std::shared_ptr<grpc::Channel>& channel, const std::string& list) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::PutCrlRequest request;
    request.set_crl_pem(list);
    const auto status = v1::CertificateService::NewStub(channel)->PutCrl(&context, request, &put_);
    return status.ok() ? "ok" : rpc::ToError(status).reason();
  }
  std::string GetStatus(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto status = v1::ObserveService::NewStub(channel)->GetStatus(&context, {}, &seen_);
    return status.ok() ? "ok" : rpc::ToError(status).reason();
  }

  v1::PutCrlResponse put_;
  v1::Observation seen_;
};

TEST_F(CertificatesTest, AMissingListIsMendedByAnOperatorAndByNobodyElse) {
  const auto list = NewList();
  const auto channel = Channel(pki::Role::kOperator);
  EXPECT_EQ(GetStatus(channel), "pki.crl_missing");
  EXPECT_EQ(PutCrl(Channel(pki::Role::kViewer), list), "rpc.not_allowed");
  EXPECT_EQ(PutCrl(Channel(pki::Role::kAgent), list), "rpc.not_allowed");
  EXPECT_EQ(GetStatus(channel), "pki.crl_missing");
  EXPECT_EQ(PutCrl(channel, list), "ok");
  EXPECT_EQ(put_.number(), 1U);
  EXPECT_EQ(GetStatus(channel), "ok");
}

TEST_F(CertificatesTest, ARevokedOperatorIsRefusedFromTheNextCallOn) {
  const auto channel = Channel(pki::Role::kOperator);
  EXPECT_EQ(PutCrl(channel, NewList()), "ok");
  const auto thief = As(pki::Role::kOperator);
  const auto open = ChannelOf(thief);
  EXPECT_EQ(GetStatus(open), "ok");
  ASSERT_TRUE(pki::Revoke(At("ca"), thief.info.serial, clock_));
  EXPECT_EQ(PutCrl(channel, NewList()), "ok");
  EXPECT_EQ(GetStatus(open), "pki.revoked");
  EXPECT_EQ(PutCrl(open, NewList()), "pki.revoked");
  EXPECT_EQ(GetStatus(channel), "ok");
}

TEST_F(CertificatesTest, AListOfAnotherCaOrAnOlderOneChangesNothing) {
  const auto channel = Channel(pki::Role::kOperator);
  const auto first = NewList();
  const auto second = NewList();
  EXPECT_EQ(PutCrl(channel, second), "ok");
  ASSERT_TRUE(pki::InitCa(At("other"), "lab", clock_));
  EXPECT_EQ(PutCrl(channel, NewList("other")), "pki.crl_foreign");
  EXPECT_EQ(PutCrl(channel, first), "pki.older_crl");
  EXPECT_EQ(sys::ReadFile(Crl(), 100'000).value(), second);
}

TEST_F(CertificatesTest, StatusTellsWhatIsUsedAndWhenItEnds) {
  const auto channel = Channel(pki::Role::kViewer);
  EXPECT_EQ(PutCrl(Channel(pki::Role::kOperator), NewList()), "ok");
  EXPECT_EQ(GetStatus(channel), "ok");
  const auto& own = certificates_->credentials();
  EXPECT_EQ(seen_.certificate().serial(), own.info.serial);
  EXPECT_EQ(seen_.certificate().not_after(), own.info.not_after.count());
  EXPECT_EQ(seen_.certificate().ca_not_after(), own.ca_not_after.count());
  EXPECT_EQ(seen_.certificate().crl_number(), 1U);
  EXPECT_EQ(seen_.certificate().crl_not_after(), put_.not_after());
}

}  // namespace
}  // namespace zoowarden::agent
