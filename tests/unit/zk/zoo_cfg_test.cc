#include "zk/zoo_cfg.h"

#include <gtest/gtest.h>

namespace zoowarden::zk {
namespace {

ZooCfg Parse(std::string_view text) {
  auto cfg = ZooCfg::Parse(text);
  EXPECT_TRUE(cfg);
  return cfg ? *cfg : ZooCfg();
}

TEST(ZooCfgTest, TheLastOfARepeatedKeyCounts) {
  const auto cfg = Parse("tickTime=1\nother=x\ntickTime = 2 \n");
  EXPECT_EQ(cfg.Get("tickTime"), "2");
  EXPECT_EQ(cfg.properties().size(), 3U);
  EXPECT_EQ(cfg.Get("absent"), std::nullopt);
}

TEST(ZooCfgTest, NumbersAreReadAsJavaReadsThem) {
  const auto cfg = Parse("a= 12\nb=-1\nc=+3\nd=1k\ne=\n");
  EXPECT_EQ(**cfg.GetNumber("a"), 12);
  EXPECT_EQ(**cfg.GetNumber("b"), -1);
  EXPECT_EQ(**cfg.GetNumber("c"), 3);
  EXPECT_EQ(*cfg.GetNumber("absent"), std::nullopt);
  const auto wrong = cfg.GetNumber("d");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message(), "zoo.cfg:4:3: d is not a number");
  EXPECT_FALSE(cfg.GetNumber("e"));
}

TEST(ZooCfgTest, SetKeepsOrderAndUnknownKeys) {
  auto cfg = Parse("# kept by nobody\nzz=1\ntickTime=2000\nmy.own.key=x\n");
  cfg.Set("tickTime", "1000");
  cfg.Set("added", "y");
  cfg.Remove("zz");
  EXPECT_EQ(cfg.Print(), "tickTime=1000\nmy.own.key=x\nadded=y\n");
  EXPECT_EQ(Parse(cfg.Print()), cfg);
}

}  // namespace
}  // namespace zoowarden::zk
