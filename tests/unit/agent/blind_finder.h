// Where it cannot be told whose data a ZooKeeper serves, an absent process proves nothing.
#pragma once

#include "tests/unit/agent/fake_proc.h"

#include <string>
#include <vector>

namespace zoowarden::agent {

class BlindFinderTest : public ProcessFinderTest {
 protected:
  // That nothing was found is said to be no proof, with all of `words`.
  void ExpectUnclear(const std::vector<std::string>& words) const {
    const FinderAnswer answer = Finder().Find();
    EXPECT_FALSE(answer.visible);
    EXPECT_FALSE(answer.found.has_value());
    for (const std::string& word : words) {
      EXPECT_NE(answer.problem.find(word), std::string::npos) << word << " in " << answer.problem;
    }
  }
  void ExpectSomebodyElses() const {
    const FinderAnswer answer = Finder().Find();
    EXPECT_TRUE(answer.visible) << answer.problem;
    EXPECT_FALSE(answer.found.has_value());
    EXPECT_EQ(answer.others.size(), 1U);
  }
  void ExpectOurs() const { EXPECT_TRUE(Finder().Find().found.has_value()); }
};

}  // namespace zoowarden::agent
