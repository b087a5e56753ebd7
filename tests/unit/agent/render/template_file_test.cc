#include "agent/render/template_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

const TemplateValues kValues = {
    .variables = {{"host", "zk1"}, {"markup", "<a href=\"x\">&'"}},
    .lists = {{"members", {{{"id", "1"}}, {{"id", "2"}}}}, {"none", {}}}};

std::string Reason(const std::string& content) {
  const auto rendered = RenderTemplate({"f", content}, kValues);
  return rendered ? "" : rendered.error().reason();
}

TEST(TemplateFileTest, EscapesNothing) {
  EXPECT_EQ(RenderTemplate({"f", "{{markup}}"}, kValues).value(), "<a href=\"x\">&'");
  EXPECT_EQ(RenderTemplate({"f", "{{{markup}}}"}, kValues).value(), "<a href=\"x\">&'");
}

TEST(TemplateFileTest, KeepsTextAndLineEndsAsTheyAre) {
  const std::string text = "a\r\n\tb ${zookeeper.log.dir} \\ \n\nno end";
  EXPECT_EQ(RenderTemplate({"f", text}, kValues).value(), text);
}

TEST(TemplateFileTest, AnUndefinedVariableIsAnErrorThatNamesIt) {
  const auto rendered = RenderTemplate({"jaas.conf", "x={{pasword}}"}, kValues);
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().reason(), "config.template_variable");
  EXPECT_THAT(rendered.error().message(), ::testing::HasSubstr("'pasword'"));
  EXPECT_THAT(rendered.error().message(), ::testing::HasSubstr("jaas.conf"));
}

TEST(TemplateFileTest, UndefinedCountsInSectionsAndPartialsToo) {
  EXPECT_EQ(Reason("{{#nothing}}x{{/nothing}}"), "config.template_variable");
  EXPECT_EQ(Reason("{{^nothing}}x{{/nothing}}"), "config.template_variable");
  EXPECT_EQ(Reason("{{#members}}{{id}}{{name}}{{/members}}"), "config.template_variable");
  EXPECT_EQ(Reason("{{> /etc/passwd}}"), "config.template_variable");
}

TEST(TemplateFileTest, RepeatsAndInvertsLists) {
  EXPECT_EQ(RenderTemplate({"f", "{{#members}}{{id}},{{/members}}"}, kValues).value(), "1,2,");
  EXPECT_EQ(RenderTemplate({"f", "{{^none}}empty{{/none}}"}, kValues).value(), "empty");
}

TEST(TemplateFileTest, WhatGrowsOverAMebibyteIsRefused) {
  TemplateValues many = kValues;
  many.lists["lines"] = std::vector<std::map<std::string, std::string>>(1'025);
  const std::string kibibyte(1'024, 'x');
  const auto rendered = RenderTemplate({"big.conf", "{{#lines}}" + kibibyte + "{{/lines}}"}, many);
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().reason(), "config.template_too_large");
  EXPECT_EQ(rendered.error().message(),
            "template of 'big.conf': more than 1 MiB when rendered; shorten it");
}

TEST(TemplateFileTest, RefusesBrokenTemplates) {
  EXPECT_EQ(Reason("{{#members}}"), "config.template_syntax");
  EXPECT_EQ(Reason("{{host"), "config.template_syntax");
  EXPECT_EQ(Reason("{{/members}}"), "config.template_syntax");
}

}  // namespace
}  // namespace zoowarden::agent
