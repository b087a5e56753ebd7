#include "rpc/method_table.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::rpc {
namespace {

// Every method of every service in proto/, as gRPC names it on the wire.
std::set<std::string> MethodsOfTheProtoFiles() {
  std::ifstream file(WIRE_DESCRIPTORS, std::ios::binary);
  google::protobuf::FileDescriptorSet descriptors;
  EXPECT_TRUE(descriptors.ParseFromIstream(&file));
  std::set<std::string> methods;
  for (const auto& proto : descriptors.file()) {
    for (const auto& service : proto.service()) {
      for (const auto& method : service.method()) {
        methods.insert("/" + proto.package() + "." + service.name() + "/" + method.name());
      }
    }
  }
  return methods;
}

std::multiset<std::string> MethodsOfTheTable() {
  std::multiset<std::string> methods;
  for (const MethodRule& rule : MethodTable()) {
    methods.emplace(rule.method);
  }
  return methods;
}

TEST(MethodTableTest, HasExactlyOneRowForEachMethodOfTheProtoFiles) {
  const auto methods = MethodsOfTheProtoFiles();
  EXPECT_GE(methods.size(), 18U);
  EXPECT_EQ(MethodsOfTheTable(), std::multiset<std::string>(methods.begin(), methods.end()));
}

TEST(MethodTableTest, AgentsMayCallNothing) {
  for (const MethodRule& rule : MethodTable()) {
    EXPECT_FALSE(Authorize(rule.method, pki::Role::kAgent)) << rule.method;
  }
}

TEST(MethodTableTest, OperatorsMayCallEverything) {
  for (const MethodRule& rule : MethodTable()) {
    EXPECT_TRUE(Authorize(rule.method, pki::Role::kOperator)) << rule.method;
  }
}

// Written out: a method that becomes readable must be added here by a person who thought about it.
TEST(MethodTableTest, ViewersMayOnlyRead) {
  std::vector<std::string> allowed;
  for (const MethodRule& rule : MethodTable()) {
    if (Authorize(rule.method, pki::Role::kViewer)) {
      allowed.emplace_back(rule.method);
    }
  }
  EXPECT_THAT(allowed,
              ::testing::UnorderedElementsAre("/zoowarden.v1.ObserveService/GetStatus",
                                              "/zoowarden.v1.LeaseService/GetLease"));
}

TEST(MethodTableTest, AMethodThatIsNotInTheTableIsDenied) {
  for (const std::string method : {"",
                                   "/",
                                   "/zoowarden.v1.OperateService/Erase",
                                   "/zoowarden.v1.OperateService/Begin/",
                                   "zoowarden.v1.OperateService/Begin",
                                   "/zoowarden.v2.OperateService/Begin",
                                   "/grpc.reflection.v1alpha.ServerReflection/Info"}) {
    const auto status = Authorize(method, pki::Role::kOperator);
    ASSERT_FALSE(status) << method;
    EXPECT_EQ(status.error().reason(), "rpc.not_allowed");
  }
}

}  // namespace
}  // namespace zoowarden::rpc
