#include "rpc/method_table.h"

#include "tests/support/method_matrix.h"

#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

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

TEST(MethodTableTest, EachRoleMayCallWhatTheMatrixSaysAndNothingElse) {
  const auto methods = MethodsOfTheProtoFiles();
  std::set<std::string> written;
  for (const test::MatrixRow& row : test::kMethodMatrix) {
    EXPECT_TRUE(written.emplace(row.method).second) << row.method << " has two rows";
    for (const pki::Role role : pki::kRoles) {
      EXPECT_EQ(Authorize(row.method, role).has_value(), row.Allows(role))
          << row.method << " for " << pki::RoleName(role);
    }
  }
  EXPECT_EQ(written, methods);
}

TEST(MethodTableTest, ARefusalNamesRoleAndMethod) {
  const auto refused = Authorize("/zoowarden.v1.OperateService/Begin", pki::Role::kApprover);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "rpc.not_allowed");
  EXPECT_NE(refused.error().message().find("role approver"), std::string::npos);
  EXPECT_NE(refused.error().message().find("OperateService/Begin"), std::string::npos);
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
