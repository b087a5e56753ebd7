#include "pki/identity.h"

#include <gtest/gtest.h>

namespace zoowarden::pki {
namespace {

using std::literals::string_literals::operator""s;

TEST(IdentityTest, PrintsAndParsesEachRole) {
  for (const char* uri : {"zoowarden://lab/agent/1",
                          "zoowarden://lab/agent/0",
                          "zoowarden://lab/agent/4294967295",
                          "zoowarden://payments.eu-1/operator",
                          "zoowarden://lab_2/viewer",
                          "zoowarden://lab/planner",
                          "zoowarden://lab/approver"}) {
    const auto identity = ParseIdentity(uri);
    ASSERT_TRUE(identity) << identity.error().message();
    EXPECT_EQ(identity->ToUri(), uri);
  }
  EXPECT_EQ(ParseIdentity("zoowarden://lab/agent/7").value(), AgentIdentity("lab", 7));
}

TEST(IdentityTest, RefusesEverythingElse) {
  for (const std::string& uri : {""s,
                                 "zoowarden://"s,
                                 "zoowarden://lab"s,
                                 "zoowarden://lab/"s,
                                 "zoowarden://lab/ca"s,
                                 "zoowarden://lab/Agent/1"s,
                                 "zoowarden://lab/agent"s,
                                 "zoowarden://lab/agent/"s,
                                 "zoowarden://lab/agent/01"s,
                                 "zoowarden://lab/agent/+1"s,
                                 "zoowarden://lab/agent/-1"s,
                                 "zoowarden://lab/agent/1 "s,
                                 "zoowarden://lab/agent/4294967296"s,
                                 "zoowarden://lab/agent/1/"s,
                                 "zoowarden://lab/agent/1/2"s,
                                 "zoowarden://lab/operator/1"s,
                                 "zoowarden://lab/operator/"s,
                                 "zoowarden://lab/viewer?x"s,
                                 "zoowarden://lab/planner/1"s,
                                 "zoowarden://lab/approvers"s,
                                 "zoowarden:///operator"s,
                                 "zoowarden://-lab/operator"s,
                                 "zoowarden://l ab/operator"s,
                                 "ZOOWARDEN://lab/operator"s,
                                 "https://lab/operator"s,
                                 " zoowarden://lab/operator"s,
                                 "zoowarden://lab/operator\0"s,
                                 "zoowarden://" + std::string(64, 'a') + "/operator"}) {
    const auto identity = ParseIdentity(uri);
    ASSERT_FALSE(identity) << uri;
    EXPECT_EQ(identity.error().reason(), "pki.bad_identity");
  }
}

TEST(IdentityTest, ControlCharactersNeverReachTheMessage) {
  const auto identity = ParseIdentity("zoowarden://lab\x1b[2J/operator");
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().message().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace zoowarden::pki
