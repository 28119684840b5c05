// The soak's short form.
#include "tests/soak/soak.h"

#include <gtest/gtest.h>

#include <iostream>

namespace replicator::tests {
namespace {

TEST(Soak, TenKillsAmongAllFaultsLeaveEveryRecordOnce) {
  absl::StatusOr<SoakResult> result = RunSoak({.duration = absl::Minutes(1), .seed = 20, .kills_min = 10});
  ASSERT_TRUE(result.ok()) << result.status();
  for (const auto& [fault, count] : result->faults) std::cout << count << " x " << fault << std::endl;
  EXPECT_TRUE(result->equal) << result->verdict;
  EXPECT_GT(result->records, 0);
  EXPECT_EQ(result->missing + result->duplicated + result->reordered + result->changed, 0) << result->verdict;
}

}  // namespace
}  // namespace replicator::tests
