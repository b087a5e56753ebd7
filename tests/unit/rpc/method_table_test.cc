#include "rpc/method_table.h"

#include "tests/support/method_matrix.h"

#include <google/protobuf/descriptor.h>
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

// Fields of requests that sound like a place or a program, each with why it is none.
const std::set<std::string> kHarmless{
    "zoowarden.v1.CommitCanaryRequest.path",       // a znode
    "zoowarden.v1.ObserveRequest.read_back_path",  // a znode
    "zoowarden.v1.ReadZnodesRequest.paths",        // of znodes, of which checksums are read
    "zoowarden.v1.Configuration.files",            // names and texts, rendered into the generation
};

void FindPlacesAndPrograms(const google::protobuf::Descriptor& message,
                           std::set<const google::protobuf::Descriptor*>& looked,
                           std::set<std::string>& found) {
  if (!looked.insert(&message).second) {
    return;
  }
  for (int i = 0; i < message.field_count(); ++i) {
    const auto& field = *message.field(i);
    for (const char* word : {"path",
                             "file",
                             "dir",
                             "command",
                             "exec",
                             "script",
                             "shell",
                             "argv",
                             "url",
                             "uri",
                             "env",
                             "program",
                             "binary"}) {
      if (field.name().find(word) != std::string::npos) {
        found.insert(field.full_name());
      }
    }
    if (field.message_type() != nullptr) {
      FindPlacesAndPrograms(*field.message_type(), looked, found);
    }
  }
}

TEST(MethodTableTest, NoRequestNamesAPathOrACommand) {
  std::ifstream file(WIRE_DESCRIPTORS, std::ios::binary);
  google::protobuf::FileDescriptorSet descriptors;
  ASSERT_TRUE(descriptors.ParseFromIstream(&file));
  google::protobuf::DescriptorPool pool;
  std::set<const google::protobuf::Descriptor*> looked;
  std::set<std::string> found;
  for (const auto& proto : descriptors.file()) {
    const auto* const built = pool.BuildFile(proto);
    ASSERT_NE(built, nullptr) << proto.name();
    for (int s = 0; s < built->service_count(); ++s) {
      for (int m = 0; m < built->service(s)->method_count(); ++m) {
        FindPlacesAndPrograms(*built->service(s)->method(m)->input_type(), looked, found);
      }
    }
  }
  EXPECT_GT(looked.size(), 20U);
  EXPECT_EQ(found, kHarmless);
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
