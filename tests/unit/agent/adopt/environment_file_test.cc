#include "agent/adopt/environment_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(EnvironmentFileTest, AssignmentsOfAllFormsAreUnderstood) {
  const auto file = ReadEnvironmentFile(
      "# comment\n"
      "\n"
      "A=1\n"
      "  export B=\"two words\"   # why\n"
      "C='it''s'\n"
      "D=\"-Xms1g $D\"\n"
      "A=2\n"
      "E=\n"
      "export F\n");
  EXPECT_THAT(file.sets, ElementsAre("A", "B", "C", "D", "E"));
  EXPECT_THAT(file.not_understood, IsEmpty());
}

TEST(EnvironmentFileTest, MoreThanAnAssignmentIsNamedByLineAndItsNameIsStillKnown) {
  const auto file = ReadEnvironmentFile(
      "A=$(hostname)\n"
      "if [ -f /x ]; then\n"
      "  B=1; rm -f /x\n"
      "fi\n"
      "C=`date`\n"
      "D=\"open\n"
      "  more\"\n"
      "E=a \\\n"
      "F=1 command\n"
      "1X=2\n");
  EXPECT_THAT(file.sets, ElementsAre("A", "B", "C", "D", "E", "F"));
  EXPECT_THAT(file.not_understood, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

TEST(EnvironmentFileTest, DebiansEnvironmentIsUnderstood) {
  const auto file = ReadEnvironmentFile(
      "NAME=zookeeper\n"
      "ZOOCFGDIR=/etc/$NAME/conf\n"
      "CLASSPATH=\"$ZOOCFGDIR:/usr/share/java/zookeeper.jar\"\n"
      "JAVA_OPTS=\"\"\n");
  EXPECT_THAT(file.sets, ElementsAre("NAME", "ZOOCFGDIR", "CLASSPATH", "JAVA_OPTS"));
  EXPECT_THAT(file.not_understood, IsEmpty());
}

}  // namespace
}  // namespace zoowarden::agent
