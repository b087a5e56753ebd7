// The calls about an agent's certificates, on a whole agent.
#include "pki/credential_directory.h"
#include "pki/enrolment.h"
#include "pki/request.h"
#include "pki/revocation.h"
#include "rpc/status.h"
#include "tests/unit/agent/service/running_agent.h"
#include "zoowarden/v1/certificate.grpc.pb.h"
#include "zoowarden/v1/observe.grpc.pb.h"

#include <atomic>
#include <thread>

namespace zoowarden::agent {
namespace {

class CertificatesTest : public RunningAgentTest {
 protected:
  [[nodiscard]] config::PkiFiles Files() const override { return {.crl = Crl()}; }
  [[nodiscard]] std::string Crl() const { return At("crl.pem"); }
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
  const auto own = *certificates_->own()->Get();
  EXPECT_EQ(seen_.certificate().serial(), own.info.serial);
  EXPECT_EQ(seen_.certificate().not_after(), own.info.not_after.count());
  EXPECT_EQ(seen_.certificate().ca_not_after(), own.ca_not_after.count());
  EXPECT_EQ(seen_.certificate().crl_number(), 1U);
  EXPECT_EQ(seen_.certificate().crl_not_after(), put_.not_after());
}

// The agent's files are where `enroll` would have put them, and are followed.
class RenewalTest : public CertificatesTest {
 protected:
  [[nodiscard]] config::PkiFiles Files() const override {
    return {.ca = At("pki/ca.pem"), .certificate = At("pki/cert.pem"), .key = At("pki/key.pem")};
  }
  std::shared_ptr<pki::LiveCredentials> Own() override {
    const auto own = As(pki::Role::kAgent, 1);
    const auto files = pki::FilesIn(At("pki"));
    EXPECT_TRUE(pki::InstallCredentials(
        files,
        {.ca_pem = own.ca_pem, .certificate_pem = own.certificate_pem, .key_pem = own.key_pem}));
    return pki::LiveCredentials::Load(files, clock_).value();
  }
  std::string Request(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::RequestCertificateResponse reply;
    const auto status =
        v1::CertificateService::NewStub(channel)->RequestCertificate(&context, {}, &reply);
    return status.ok() ? reply.request_pem() : rpc::ToError(status).reason();
  }
  std::string Install(const std::shared_ptr<grpc::Channel>& channel, const std::string& pem) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::InstallCertificateRequest request;
    request.set_certificate_pem(pem);
    v1::InstallCertificateResponse reply;
    const auto status =
        v1::CertificateService::NewStub(channel)->InstallCertificate(&context, request, &reply);
    return status.ok() ? reply.serial() : rpc::ToError(status).reason();
  }
  std::string Sign(const std::string& request, std::uint32_t server = 1, const char* ca = "ca") {
    const auto made =
        pki::IssueFor(At(ca), pki::AgentIdentity("lab", server), request, pki::Days(30), clock_);
    EXPECT_TRUE(made) << made.error().message();
    return made->certificate_pem;
  }
  std::string Key() { return sys::ReadFile(At("pki/key.pem"), 100'000).value(); }
};

TEST_F(RenewalTest, TheNewCertificateIsShownAndOpenConnectionsGoOn) {
  const auto channel = Channel(pki::Role::kOperator);
  const auto key = Key();
  const auto pem = Sign(Request(channel));
  const auto serial = pki::ParseCertificate(pem)->serial;
  EXPECT_EQ(Install(channel, pem), serial);
  EXPECT_EQ(Install(channel, pem), serial) << "repeated";
  EXPECT_NE(Key(), key);
  EXPECT_EQ(GetStatus(channel), "ok") << "the connection that was open";
  EXPECT_EQ(seen_.certificate().serial(), serial);
  EXPECT_EQ(GetStatus(ChannelOf(As(pki::Role::kViewer))), "ok") << "a new one";
}

class RenewalWithListTest : public RenewalTest {
 protected:
  [[nodiscard]] config::PkiFiles Files() const override {
    auto files = RenewalTest::Files();
    files.crl = At("pki/crl.pem");
    return files;
  }
};

TEST_F(RenewalWithListTest, AListThatWasTakenInTheMiddleOfARenewalStays) {
  std::vector<std::string> lists;
  for (int i = 0; i < 150; ++i) {
    lists.push_back(NewList());
  }
  std::atomic<bool> over = false;
  std::thread renewing([&] {
    while (!over) {
      const auto request = certificates_->Request();
      EXPECT_TRUE(certificates_->Install(Sign(*request)));
    }
  });
  for (std::size_t i = 0; i < lists.size(); ++i) {
    EXPECT_TRUE(certificates_->ReplaceCrl(lists[i]));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_EQ(sys::ReadFile(At("pki/crl.pem"), 100'000).value(), lists[i]) << i;
  }
  over = true;
  renewing.join();
}

TEST_F(RenewalTest, WhatDoesNotFitIsRefusedAndChangesNothing) {
  const auto channel = Channel(pki::Role::kOperator);
  const auto key = Key();
  EXPECT_EQ(Install(channel, Sign(pki::MakeRequest()->request_pem)), "pki.no_request");
  const auto request = Request(channel);
  EXPECT_EQ(Install(channel, Sign(pki::MakeRequest()->request_pem)), "pki.wrong_key");
  EXPECT_EQ(Install(channel, Sign(request, 2)), "pki.other_identity");
  ASSERT_TRUE(pki::InitCa(At("other"), "lab", clock_));
  EXPECT_EQ(Install(channel, Sign(request, 1, "other")), "pki.wrong_ca");
  EXPECT_EQ(Install(channel, "garbage"), "pki.not_a_certificate");
  EXPECT_EQ(Key(), key);
  EXPECT_EQ(Install(channel, Sign(request)).size(), 32U) << "the request is still good";
}

// Somebody has put another CA's file beside the agent's in the meantime.
TEST_F(RenewalTest, ACertificateThatIsNotTakenUpIsSaidAndTheOldOneServesOn) {
  const auto channel = Channel(pki::Role::kOperator);
  const auto pem = Sign(Request(channel));
  ASSERT_TRUE(pki::InitCa(At("other"), "lab", clock_));
  const auto other = sys::ReadFile(At("other/ca.pem"), 100'000).value();
  ASSERT_TRUE(sys::WriteFileAtomically(At("pki/ca.pem"), other, 0644));
  EXPECT_EQ(Install(channel, pem), "pki.not_installed");
  EXPECT_EQ(GetStatus(channel), "ok");
  EXPECT_NE(seen_.certificate().serial(), pki::ParseCertificate(pem)->serial);
}

TEST_F(RenewalTest, FilesThatCannotBeExchangedAtOneStrokeAreSaidBeforeTheCaSigns) {
  const auto link = std::filesystem::read_symlink(At("pki"));
  std::filesystem::remove(At("pki"));
  std::filesystem::rename(At(link), At("pki"));
  EXPECT_EQ(Request(Channel(pki::Role::kOperator)), "pki.not_switchable");
}

}  // namespace
}  // namespace zoowarden::agent
