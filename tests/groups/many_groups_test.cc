// What it costs to keep many groups in step.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/eventually.h"
#include "tests/groups/groups_scene.h"
#include "tests/scene/figures.h"

namespace replicator::tests {
namespace {

class ManyGroupsTest : public SceneTest<OneToOne, GroupsScene> {
 protected:
  int64_t LastCycle() { return GroupsStatus().value("last_cycle_ms", int64_t{0}); }
};

TEST_F(ManyGroupsTest, AThousandGroupsOfAHundredPartitionsWithNothingNewCostLittle) {
  constexpr int kGroups = 1000;
  constexpr int kManyPartitions = 100;
  ASSERT_NO_FATAL_FAILURE(CreateTopic("many", kManyPartitions));
  LoadOptions load = scene_->Load("many", kManyPartitions);
  load.records_total = 20'000;
  load.value_bytes = 100;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  for (int i = 0; i < kGroups; ++i) {
    std::map<int, int64_t> offsets;
    for (int partition = 0; partition < kManyPartitions; ++partition) offsets[partition] = (i + partition) % 200;
    ASSERT_NO_FATAL_FAILURE(CommitAtSource(absl::StrCat("many-group-", i), "many", offsets));
  }
  ASSERT_NO_FATAL_FAILURE(StartLink("many", "many-group-.*", /*interval_seconds=*/5));
  const absl::Time started = absl::Now();
  ASSERT_TRUE(AllInStep(kGroups));
  Figure("groups/1000x100-first-in-step", absl::Now() - started);

  constexpr int kCycles = 4;
  int64_t last = LastCycle();
  ASSERT_TRUE(Eventually("the next cycle begins", [&] { return LastCycle() > last; }));
  const absl::StatusOr<ProcessUsage> before = link_->process().Usage();
  for (int i = 0; i < kCycles; ++i) {
    last = LastCycle();
    // Each look is a process of its own, and the status that it asks for is not what is measured.
    absl::SleepFor(absl::Seconds(4));
    ASSERT_TRUE(Eventually("a cycle has passed", [&] { return LastCycle() > last; }));
  }
  const absl::StatusOr<ProcessUsage> after = link_->process().Usage();
  ASSERT_TRUE(before.ok() && after.ok());
  Figure("groups/1000x100-nothing-new-cpu-per-cycle", (after->cpu() - before->cpu()) / kCycles);
}

}  // namespace
}  // namespace replicator::tests
