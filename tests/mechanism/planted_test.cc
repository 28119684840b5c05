// A test that fails on its first try in the way that $PLANTED names, and passes on its second: show.sh looks at what
// the run makes of it. $REPLICATOR_PLANTED is a folder in which the first try leaves its mark.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool LeavesMark() {
  std::string name = Variable("TEST_TARGET");
  std::replace(name.begin(), name.end(), '/', '_');
  const std::string mark = absl::StrCat(Variable("REPLICATOR_PLANTED"), "/", name);
  if (std::filesystem::exists(mark)) return false;
  std::ofstream(mark) << "tried\n";
  return true;
}

bool IsFirstTry() {
  static const bool is_first = LeavesMark();
  return is_first;
}

absl::Status NoBroker() { return AsHarness(absl::UnavailableError("planted: no broker")); }

TEST(Planted, FailsOnItsFirstTry) {
  const std::string kind = Variable("PLANTED");
  if (!IsFirstTry()) return;
  if (kind == "assertion") EXPECT_EQ(1, 2) << "planted";
  if (kind == "wrong") Wrong("planted, though no assertion fails");
  if (kind == "harness") ASSERT_TRUE(NoBroker().ok()) << NoBroker();
  if (kind == "consequence") {
    Harness("planted: the load has failed");
    EXPECT_EQ(1, 2) << "and so nothing is there";
  }
  if (kind == "crash") std::abort();
  if (kind == "hang") absl::SleepFor(absl::InfiniteDuration());
}

class PlantedSuite : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (Variable("PLANTED") == "suite" && IsFirstTry()) ASSERT_TRUE(NoBroker().ok()) << NoBroker();
  }
};

TEST_F(PlantedSuite, NeedsItsSuite) {}

}  // namespace
}  // namespace replicator::tests
