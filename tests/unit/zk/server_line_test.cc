#include "zk/server_line.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace zoowarden::zk {
namespace {

ServerLine Parse(std::string_view text) {
  const auto line = ParseServerLine(text);
  EXPECT_TRUE(line) << text << ": " << (line ? "" : line.error().what);
  return line ? *line : ServerLine();
}

TEST(ServerLineTest, ReadsEveryForm) {
  const auto plain = Parse("zk1.example:2888:3888");
  EXPECT_EQ(plain.addresses, (std::vector<QuorumAddress>{{"zk1.example", 2888, 3888}}));
  EXPECT_EQ(plain.role, std::nullopt);
  EXPECT_EQ(plain.EffectiveRole(), model::Role::kParticipant);
  EXPECT_EQ(plain.client, std::nullopt);

  EXPECT_EQ(Parse("h:1:2:Observer").role, model::Role::kObserver);
  EXPECT_EQ(Parse("h:1:2;2181").client, (ClientAddress{"", 2181}));
  EXPECT_EQ(Parse("h:1:2:participant;0.0.0.0:2181").client, (ClientAddress{"0.0.0.0", 2181}));
  EXPECT_EQ(Parse("h:2888").addresses, (std::vector<QuorumAddress>{{"h", 2888, std::nullopt}}));
  EXPECT_EQ(Parse("[::1]:2888:3888;[fe80::2]:2181").addresses.front().host, "::1");
  EXPECT_EQ(Parse("[::1]:2888:3888;[fe80::2]:2181").client, (ClientAddress{"fe80::2", 2181}));
  EXPECT_EQ(Parse("a:1:2:observer|b:3:4:observer").addresses.size(), 2U);
}

TEST(ServerLineTest, ErrorsPointAtThePart) {
  for (const auto& [text, offset] :
       std::vector<std::pair<std::string, std::size_t>>{{"h", 0},
                                                        {"h:1:2:3:4", 0},
                                                        {":1:2", 0},
                                                        {"h:x:2", 2},
                                                        {"h:0:2", 2},
                                                        {"h:1:65536", 4},
                                                        {"h:1:2:voter", 6},
                                                        {"h:1:2;2181;2182", 11},
                                                        {"h:1:2;a:b:c", 6},
                                                        {"h:1:2;", 6},
                                                        {"[::1:1:2", 0},
                                                        {"[::1]x:1:2", 5},
                                                        {"a:1:2:observer|b:3:4:participant", 21},
                                                        {"h:1: 2", 4}}) {
    const auto line = ParseServerLine(text);
    ASSERT_FALSE(line) << text;
    EXPECT_EQ(line.error().offset, offset) << text << ": " << line.error().what;
  }
}

TEST(ServerLineTest, PrintedLineParsesToItself) {
  EXPECT_TRUE(rc::check("parse(print(x)) == x", [] {
    const auto port = [] { return *rc::gen::inRange<std::uint16_t>(1, 65535); };
    const auto host = [] {
      return *rc::gen::element<std::string>("zk-1.example", "10.0.0.1", "::1");
    };
    ServerLine line;
    const auto count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) {
      line.addresses.push_back({host(), port(), port()});
    }
    line.role = *rc::gen::element<std::optional<model::Role>>(
        std::nullopt, model::Role::kParticipant, model::Role::kObserver);
    if (*rc::gen::arbitrary<bool>()) {
      line.client = ClientAddress{*rc::gen::arbitrary<bool>() ? host() : "", port()};
    }
    const auto parsed = ParseServerLine(PrintServerLine(line));
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(*parsed == line);
  }));
}

}  // namespace
}  // namespace zoowarden::zk
