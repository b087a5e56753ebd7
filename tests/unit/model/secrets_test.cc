#include "model/secrets.h"

#include <gtest/gtest.h>

namespace zoowarden::model {
namespace {

TEST(SecretsTest, KnowsSecretsByTheNameOfTheKey) {
  for (const char* key : {"ssl.keyStore.password",
                          "ssl.quorum.trustStore.password",
                          "DigestAuthenticationProvider.superDigest",
                          "sasl.client.SECRET"}) {
    EXPECT_TRUE(IsSecretKey(key)) << key;
  }
  for (const char* key : {"tickTime", "ssl.keyStore.location", "snapshot.trust.empty"}) {
    EXPECT_FALSE(IsSecretKey(key)) << key;
  }
}

TEST(SecretsTest, MasksValuesAndKeepsKeys) {
  const auto masked = MaskSecrets({{"a.password", "hunter2"}, {"tickTime", "2000"}});
  EXPECT_EQ(masked.at("a.password"), kMaskedValue);
  EXPECT_EQ(masked.at("tickTime"), "2000");
}

TEST(SecretsTest, JavaOptionsAreMaskedByTheirPropertysName) {
  EXPECT_EQ(MaskSecretOption("-Dzookeeper.ssl.keyStore.password=hunter2"),
            "-Dzookeeper.ssl.keyStore.password=********");
  for (const char* open : {"-Xmx1g", "-Dfile.encoding=password", "-XX:+UseG1GC", "-Dtoken", ""}) {
    EXPECT_EQ(MaskSecretOption(open), open);
  }
}

}  // namespace
}  // namespace zoowarden::model
