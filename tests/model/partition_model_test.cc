// The state machine of one partition against logs in memory: half a million random histories, and the proof that a
// history notices each deliberate break of an invariant.
//
//   partition_model_test --seeds=1000000        more histories
//   partition_model_test --first_seed=7000000   others; by default those behind $REPLICATOR_FIRST_SEED
//   partition_model_test --seed=N [--mutation=M]  replays one and prints its events
#include <gflags/gflags.h>
#include <glog/logging.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "replicator/partition/mutation.h"
#include "tests/model/driver.h"

// As many reach everything that the model claims to reach.
constexpr int64_t kSeedsForCoverage = 500'000;
// A break is looked for in histories that are the same in every run. Whether it is noticed must not depend on luck.
constexpr int64_t kSeedsForBreaks = 500'000;
#ifdef REPLICATOR_SANITIZER
constexpr int64_t kSeedsDefault = 50'000;
#else
constexpr int64_t kSeedsDefault = kSeedsForCoverage;
#endif

DEFINE_int64(seeds, kSeedsDefault, "histories to run");
DEFINE_int64(first_seed, gflags::Int64FromEnv("REPLICATOR_FIRST_SEED", 0), "the first of the histories to run");
DEFINE_int64(seed, -1, "run only this history and print its events");
DEFINE_int32(mutation, 0, "with --seed: the break in force, as its number in replicator/partition/mutation.h");

namespace replicator::tests {
namespace {

struct MutationCase {
  Mutation mutation;
  const char* name;
};

constexpr MutationCase kMutations[] = {
    {Mutation::kAFetchesOnAfterAFailure, "AFetchesOnAfterAFailure"},
    {Mutation::kBSequenceStartsAnew, "BSequenceStartsAnew"},
    {Mutation::kCBaseOffsetIsNotChecked, "CBaseOffsetIsNotChecked"},
    {Mutation::kDSendsBeforeTheIntentIsStored, "DSendsBeforeTheIntentIsStored"},
    {Mutation::kEResendsBlindly, "EResendsBlindly"},
    {Mutation::kEDoesNotWaitForTheHighWatermark, "EDoesNotWaitForTheHighWatermark"},
    {Mutation::kETakesWhatWasRewritten, "ETakesWhatWasRewritten"},
    {Mutation::kFCountsWithoutLooking, "FCountsWithoutLooking"},
    {Mutation::kFIgnoresLostRecords, "FIgnoresLostRecords"},
    {Mutation::kFHearsAnEarlierLeader, "FHearsAnEarlierLeader"},
    {Mutation::kFGuessesWhatLiesBetween, "FGuessesWhatLiesBetween"},
    {Mutation::kGReadsOnBehindAnotherLeader, "GReadsOnBehindAnotherLeader"},
    {Mutation::kGPassesAnotherEpoch, "GPassesAnotherEpoch"},
    {Mutation::kGRetriesWithoutALook, "GRetriesWithoutALook"},
    {Mutation::kGAnOldAnswerSettles, "GAnOldAnswerSettles"},
    {Mutation::kGTakesAnotherBatchForTheCopied, "GTakesAnotherBatchForTheCopied"},
    {Mutation::kGGuessesAPlace, "GGuessesAPlace"},
    {Mutation::kGGuessesBehindAnEmptiedTarget, "GGuessesBehindAnEmptiedTarget"},
    {Mutation::kHCountsBehindRetention, "HCountsBehindRetention"},
    {Mutation::kIDoesNotOutwaitOldRequests, "IDoesNotOutwaitOldRequests"},
    {Mutation::kJPositionWaitsForAnAnswer, "JPositionWaitsForAnAnswer"},
    {Mutation::kKTheOldHolderGoesOn, "KTheOldHolderGoesOn"},
};

std::string Replay(uint64_t seed) {
  Coverage coverage;
  std::vector<std::string> trace;
  const std::string violation = RunHistory(seed, coverage, &trace);
  return absl::StrCat("seed ", seed, ": ", violation.empty() ? "no violation" : violation, "\n  ",
                      absl::StrJoin(trace, "\n  "));
}

class PartitionModel : public testing::Test {
 protected:
  void TearDown() override { active_mutation = Mutation::kNone; }
};

TEST_F(PartitionModel, EveryHistoryCopiesExactlyOnceInOrderOrStopsForACause) {
  Coverage coverage;
  const auto begin = std::chrono::steady_clock::now();
  for (int64_t seed = FLAGS_first_seed; seed < FLAGS_first_seed + FLAGS_seeds; ++seed) {
    const std::string violation = RunHistory(seed, coverage, nullptr);
    ASSERT_EQ(violation, "") << Replay(seed);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%lld histories from seed %lld on, %lld events, %.1f s\n", static_cast<long long>(FLAGS_seeds),
              static_cast<long long>(FLAGS_first_seed), static_cast<long long>(coverage.events), seconds.count());
  const std::pair<const char*, int64_t> reached[] = {
      {"drained", coverage.drained},
      {"foreign quarantines", coverage.foreign_quarantines},
      {"lost quarantines", coverage.lost_quarantines},
      {"producers renewed", coverage.producers_renewed},
      {"acknowledged by settling", coverage.acknowledged_by_settling},
      {"adopted", coverage.adopted},
      {"cut back", coverage.cut_back},
      {"settles behind replication", coverage.settles_behind_replication},
      {"last batches compared", coverage.tails_compared},
      {"last batches of other records", coverage.tails_other},
      {"last batches not compared", coverage.tails_not_compared},
      {"duplicates answered", coverage.duplicates_answered},
      {"out of order", coverage.out_of_order},
      {"late landings", coverage.late_landings},
      {"late doubles", coverage.late_doubles},
      {"overtaken fetches", coverage.overtaken_fetches},
      {"take-overs by content", coverage.take_overs},
      {"restarts from the stored state", coverage.restarts},
      {"restarts after a power cut", coverage.power_cuts},
      {"intents settled by a restart", coverage.intents_settled},
      {"wraps", coverage.wraps},
      {"retention at the source", coverage.retentions},
      {"retention at the target", coverage.target_retentions},
      {"both sides emptied", coverage.both_emptied},
      {"went on behind what is unknown", coverage.went_on},
      {"counted forward", coverage.counted_forward},
      {"located by content", coverage.located},
      {"alternating holders", coverage.alternations},
      {"checked again", coverage.checks_again},
      {"searches overtaken", coverage.searches_overtaken},
      {"source elections", coverage.source_elections},
      {"source truncations", coverage.source_truncations},
      {"source topics made anew", coverage.source_recreations},
      {"looks at the history", coverage.looks},
      {"beyond what looks can tell", coverage.blind},
      {"looks overtaken", coverage.looks_overtaken},
      {"borders of leader epochs", coverage.borders},
      {"divergences told", coverage.divergences_told},
      {"source quarantines", coverage.truncated_quarantines},
  };
  for (const auto& [name, count] : reached) {
    std::printf("  %-28s %lld\n", name, static_cast<long long>(count));
    if (FLAGS_seeds >= kSeedsForCoverage) EXPECT_GT(count, 0) << "the model never reaches: " << name;
  }
}

class BrokenPartition : public PartitionModel, public testing::WithParamInterface<MutationCase> {};

TEST_P(BrokenPartition, IsCaught) {
  active_mutation = GetParam().mutation;
  Coverage coverage;
  for (int64_t seed = 0; seed < kSeedsForBreaks; ++seed) {
    const std::string violation = RunHistory(seed, coverage, nullptr);
    if (violation.empty()) continue;
    std::printf("caught at seed %lld: %s\n", static_cast<long long>(seed), violation.c_str());
    return;
  }
  FAIL() << "no history notices this break";
}

INSTANTIATE_TEST_SUITE_P(PartitionModel, BrokenPartition, testing::ValuesIn(kMutations),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace replicator::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  FLAGS_log_utc_time = true;               // the machine's time zone is looked up for each line, shown or not
  FLAGS_minloglevel = google::GLOG_ERROR;  // the partition warns of each loss, and here there are many
  if (FLAGS_seed >= 0) {
    replicator::active_mutation = static_cast<replicator::Mutation>(FLAGS_mutation);
    std::printf("%s\n", replicator::tests::Replay(FLAGS_seed).c_str());
    return 0;
  }
  return RUN_ALL_TESTS();
}
