#include "config/fleet_file.h"

#include "sys/files.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace zoowarden::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string EnsembleText(const std::string& name) {
  return "ensemble: " + name +
         "\nrelease: {version: 3.8.4, source: r.tar.gz, sha512: " + std::string(128, 'a') +
         "}\nservers:\n  - {id: 1, host: h, agent: 'h:7443'}\n";
}

// Twenty ensembles: eu/e00 … eu/e09, us/u00 … us/u09.
class FleetFileTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = sys::TempDir::Create(testing::TempDir(), "fleet.");
    ASSERT_TRUE(directory);
    directory_ = std::make_unique<sys::TempDir>(std::move(*directory));
    for (int i = 0; i < 10; ++i) {
      Put("eu/e0" + std::to_string(i) + ".yaml", EnsembleText("e0" + std::to_string(i)));
      Put("us/u0" + std::to_string(i) + ".yaml", EnsembleText("u0" + std::to_string(i)));
    }
  }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return directory_->path() / name;
  }
  void Put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    std::ofstream(Path(name)) << text;
  }
  [[nodiscard]] base::Result<LoadedFleet> Parse(const std::string& text) const {
    return ParseFleetFile(text, Path("fleet.yaml"));
  }
  // Without the directory, which no test can know.
  [[nodiscard]] std::string Problem(const std::string& text) const {
    const auto loaded = Parse(text);
    auto problem = loaded ? "" : loaded.error().message();
    for (auto at = problem.find(Path("")); at != std::string::npos; at = problem.find(Path(""))) {
      problem.erase(at, Path("").size());
    }
    return problem;
  }

  std::unique_ptr<sys::TempDir> directory_;
};

const std::string kBoth =
    "fleet: all-of-them\n"
    "ensembles:\n"
    "  - {files: eu/e00.yaml, labels: {region: eu, tier: canary}}\n"
    "  - {files: 'eu/e0[1-9].yaml', labels: {region: eu}}\n"
    "  - {files: us/*.yaml, labels: {region: us}, pki: '/srv/{ensemble}/pki'}\n";

std::vector<std::string> Wave(const LoadedFleet& fleet, std::size_t wave) {
  std::vector<std::string> names{fleet.waves.at(wave).name};
  for (const auto index : fleet.waves[wave].ensembles) {
    names.push_back(fleet.ensembles[index].file.spec.name);
  }
  return names;
}

TEST_F(FleetFileTest, WavesAreTakenByLabelCountAndPercentageInTheirOrder) {
  const auto fleet = Parse(kBoth +
                           "pki: ../pki/{ensemble}\n"
                           "waves:\n"
                           "  - {name: canary, labels: {tier: canary}}\n"
                           "  - {name: few, labels: {region: us}, count: 2}\n"
                           "  - {name: third, percentage: 34%}\n"
                           "  - {name: us, labels: {region: us}, percentage: 50%}\n"
                           "  - {name: rest}\n"
                           "policy: {concurrency: 3, soak: 30m, error_budget: 2, time_needed: 1h}\n"
                           "windows: [{from: '22:00', until: '04:00', zone: Europe/Berlin}]\n");
  ASSERT_TRUE(fleet) << fleet.error().message();
  EXPECT_EQ(fleet->name, "all-of-them");
  ASSERT_EQ(fleet->ensembles.size(), 20U);
  ASSERT_EQ(fleet->waves.size(), 5U);
  EXPECT_THAT(Wave(*fleet, 0), ElementsAre("canary", "e00"));
  EXPECT_THAT(Wave(*fleet, 1), ElementsAre("few", "u00", "u01"));
  EXPECT_THAT(Wave(*fleet, 2),
              ElementsAre("third", "e01", "e02", "e03", "e04", "e05", "e06", "e07"));
  EXPECT_THAT(Wave(*fleet, 3), ElementsAre("us", "u02", "u03", "u04", "u05", "u06"));
  EXPECT_THAT(Wave(*fleet, 4), ElementsAre("rest", "e08", "e09", "u07", "u08", "u09"));
  EXPECT_EQ(fleet->policy.concurrency, 3U);
  EXPECT_EQ(fleet->policy.error_budget, 2U);
  EXPECT_EQ(fleet->policy.soak, std::chrono::minutes(30));
  EXPECT_EQ(fleet->policy.time_needed, std::chrono::hours(1));
  ASSERT_TRUE(fleet->windows);
  EXPECT_EQ(fleet->ensembles[0].pki,
            std::filesystem::path(Path("../pki/e00")).lexically_normal().string());
  EXPECT_EQ(fleet->ensembles[19].pki, "/srv/u09/pki");
}

TEST_F(FleetFileTest, WithoutWavesAllAreInOne) {
  const auto fleet = Parse("fleet: f\nensembles: [{files: eu/*.yaml}]\n");
  ASSERT_TRUE(fleet) << fleet.error().message();
  ASSERT_EQ(fleet->waves.size(), 1U);
  EXPECT_EQ(fleet->waves[0].ensembles.size(), 10U);
  EXPECT_EQ(fleet->policy.concurrency, 1U);
  EXPECT_EQ(fleet->policy.error_budget, 0U);
  EXPECT_FALSE(fleet->windows);
  EXPECT_EQ(fleet->ensembles[0].pki, "");
}

TEST_F(FleetFileTest, TheSameEnsembleTwiceIsRefused) {
  EXPECT_EQ(Problem("fleet: f\nensembles: [{files: eu/e00.yaml}, {files: eu/*.yaml}]\n"),
            "fleet.yaml:2:43: ensembles[1].files names eu/e00.yaml once more, which "
            "fleet.yaml:2:21 names already");
  std::filesystem::create_symlink(Path("eu/e00.yaml"), Path("other.yaml"));
  EXPECT_THAT(Problem("fleet: f\nensembles: [{files: eu/e00.yaml}, {files: other.yaml}]\n"),
              HasSubstr("once more"));
  Put("copy.yaml", EnsembleText("e00"));
  EXPECT_EQ(Problem("fleet: f\nensembles: [{files: eu/e00.yaml}, {files: copy.yaml}]\n"),
            "fleet.yaml:2:43: ensembles[1].files names two files of one ensemble 'e00': "
            "eu/e00.yaml:1:11 and copy.yaml:1:11");
}

TEST_F(FleetFileTest, AWaveThatTakesNothingIsRefused) {
  EXPECT_EQ(Problem(kBoth + "waves: [{name: c, labels: {tier: canari}}, {name: rest}]\n"),
            "fleet.yaml:6:9: waves[0] takes no ensemble: none has the label 'tier: canari', did "
            "you mean 'tier: canary'?");
  EXPECT_EQ(Problem(kBoth + "waves: [{name: all}, {name: rest}]\n"),
            "fleet.yaml:6:22: waves[1] takes no ensemble: earlier waves took all that it could "
            "take; remove it or move it up");
}

TEST_F(FleetFileTest, EnsemblesThatNoWaveTakesAreRefused) {
  EXPECT_EQ(Problem(kBoth + "waves: [{name: canary, labels: {tier: canary}}]\n"),
            "fleet.yaml:6:8: waves take not all ensembles: e01, e02, e03, e04, e05 and 14 more are "
            "in none; add a last wave `- name: rest`, which takes what is left");
}

TEST_F(FleetFileTest, MistakesAreRefusedWithTheirPlace) {
  const struct {
    std::string text;
    std::string problem;
  } kCases[] = {
      {"fleet: f\nensemble: []\n",
       "fleet.yaml:2:1: unknown key 'ensemble', did you mean 'ensembles'"},
      {"fleet: Großes\nensembles: []\n",
       "fleet.yaml:1:8: fleet must be made of lower-case letters, digits and '-', at most 60"},
      {"fleet: f\nensembles: []\n", "fleet.yaml:2:12: ensembles names none"},
      {"fleet: f\nensembles: [{files: asia/*.yaml}]\n",
       "fleet.yaml:2:21: ensembles[0].files matches no file: asia/*.yaml"},
      {"fleet: f\npki: pki\nensembles: [{files: eu/*.yaml}]\n",
       "fleet.yaml:2:6: pki must hold {ensemble}, such as pki/{ensemble}, because a certificate is "
       "of one ensemble"},
      {"fleet: f\nensembles: [{files: eu/*.yaml, pki: pki}]\n",
       "fleet.yaml:2:37: ensembles[0].pki must hold {ensemble}, because a certificate is of one "
       "ensemble and there are 10"},
      {"fleet: f\nensembles: [{files: eu/*.yaml}]\npolicy: {soak: 5}\n",
       "fleet.yaml:3:16: policy.soak must be a duration such as 500ms, 10s or 5m, not '5'"},
      {"fleet: f\nensembles: [{files: eu/*.yaml}]\npolicy: {concurency: 5}\n",
       "fleet.yaml:3:10: unknown key 'concurency' in policy, did you mean 'concurrency'"},
      {"fleet: f\nensembles: [{files: eu/*.yaml}]\nwaves: [{name: a, percentage: 10}]\n",
       "fleet.yaml:3:31: waves[0].percentage must be from 1% to 100%, not '10'"},
      {"fleet: f\nensembles: [{files: eu/*.yaml}]\nwaves: [{name: a, count: 2, percentage: 9%}]\n",
       "fleet.yaml:3:41: waves[0].percentage stands beside count: give one of them"},
      {"fleet: f\nensembles: [{files: eu/*.yaml}]\nwaves: [{name: a, count: 2}, {name: a}]\n",
       "fleet.yaml:3:30: waves[1]: 'a' names two waves"},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(Problem(one.text), one.problem) << one.text;
  }
}

TEST_F(FleetFileTest, AMistakeInAnEnsemblesFileNamesBothFiles) {
  Put("eu/e05.yaml", "ensemble: e05\nrelese: {}\n");
  EXPECT_EQ(Problem("fleet: f\nensembles: [{files: eu/*.yaml}]\n"),
            "fleet.yaml:2:21: ensembles[0].files: eu/e05.yaml:2:1: unknown key 'relese', did you "
            "mean 'release'");
  EXPECT_THAT(Problem("fleet: f\nensembles: [{files: eu/e99.yaml}]\n"),
              HasSubstr("fleet.yaml:2:21: ensembles[0].files: "));
}

}  // namespace
}  // namespace zoowarden::config
