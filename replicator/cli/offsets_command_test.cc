#include "replicator/cli/offsets_command.h"

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gflags/gflags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/net/steady_event.h"
#include "offsets/store.h"
#include "replicator/cli/program.h"

namespace replicator {
namespace {

using offsets::SourceOffset;
using offsets::TargetOffset;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A link whose process does not run. Of orders-0 source records 100-109 and 112-119 were copied; then the operator went
// on at 200.
class OffsetsCommandTest : public ::testing::Test {
 protected:
  OffsetsCommandTest()
      : folder_(testing::TempDir() + "/offsets-" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::unique_ptr<offsets::Store> store = *offsets::Store::Open({.folder = folder_});
    EXPECT_TRUE(store
                    ->SaveTopics({{"orders", {.number = 7, .source_id = "", .target_id = "", .target_name = "orders"}}},
                                 /*must_sync=*/true)
                    .ok());
    offsets::OffsetMap map;
    map.Reset({SourceOffset(100), TargetOffset(0)});
    map.Append({SourceOffset(100), TargetOffset(0), 10});
    map.Append({SourceOffset(112), TargetOffset(10), 8});
    map.GoOnAt({SourceOffset(200), TargetOffset(18)});
    map.Append({SourceOffset(200), TargetOffset(18), 50});
    offsets::PartitionState state;
    state.map = map.TakeChanges();
    state.has_chunks = map.has_stored_chunks();
    state.tail_begin = map.tail().begin;
    state.last_run = map.tail().runs[0];
    state.position = map.position();
    state.target_end = map.target_end();
    state.eras = {{TargetOffset(0), {.id = 4, .epoch = 0}, 0}};
    state.source_log_start_max = 90;
    kafka::SteadyEvent written;
    store->Write({{{7, 0}, std::move(state)}}, [&] { written.Notify(); });
    EXPECT_TRUE(written.WaitUntil(std::chrono::steady_clock::now() + std::chrono::minutes(1)));
  }

  ExitCode Run(std::vector<std::string> flags) {
    gflags::FlagSaver saver;
    out_.str("");
    err_.str("");
    flags.insert(flags.begin(), {"offsets", "translate", "--topic=orders", "--state-dir=" + folder_});
    const std::vector<Command> commands = {OffsetsTranslateCommand()};
    return RunProgram(commands, flags, {out_, err_});
  }

  const std::string folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(OffsetsCommandTest, EachOffsetHasALineInItsOrder) {
  EXPECT_EQ(Run({"--partition=0", "--offset=249", "--offset=110"}), ExitCode::kDone);
  EXPECT_EQ(out_.str(),
            "orders-0: source offset 249 is target offset 67, the same record\n"
            "orders-0: source offset 110 is target offset 10, the next record or the end: the target has none of that "
            "source offset\n");
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("no process runs"), HasSubstr("retention may have taken that record")));
}

TEST_F(OffsetsCommandTest, AndBack) {
  EXPECT_EQ(Run({"--partition=0", "--offset=67", "--reverse"}), ExitCode::kDone);
  EXPECT_THAT(out_.str(), HasSubstr("target offset 67 is source offset 249, the same record"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("retention")));
  EXPECT_EQ(Run({"--partition=0", "--offset=90", "--reverse"}), ExitCode::kCopyBehind);
  EXPECT_THAT(out_.str(), HasSubstr("not from the source: what was copied ends at target offset 68"));
}

TEST_F(OffsetsCommandTest, WhatIsNotKnownOrNotThereYetHasACodeOfItsOwn) {
  EXPECT_EQ(Run({"--partition=0", "--offset=251"}), ExitCode::kCopyBehind);
  EXPECT_THAT(out_.str(), HasSubstr("source offset 251 is not copied yet: the copy stands at source offset 250"));
  EXPECT_EQ(Run({"--partition=0", "--offset=150", "--offset=249"}), ExitCode::kBlocked);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("source offset 150 is never copied"), HasSubstr("is target offset 67")));
}

TEST_F(OffsetsCommandTest, AScriptReadsJson) {
  EXPECT_EQ(Run({"--partition=0", "--offset=249", "--json"}), ExitCode::kDone);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"translated\": 67"), HasSubstr("\"kind\": \"exact\""),
                                HasSubstr("\"source_log_start\": 90"), Not(HasSubstr("target_log_start"))));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(OffsetsCommandTest, WrongUseIsNamed) {
  EXPECT_EQ(Run({"--partition=0", "--offset=five"}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--offset is no offset: five"));
  EXPECT_EQ(Run({"--partition=-1", "--offset=5"}), ExitCode::kUsage);
  EXPECT_EQ(Run({"--partition=3", "--offset=5"}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("the link copies no partition 3 of a topic orders"));
  EXPECT_EQ(Run({"--offset=5"}), ExitCode::kUsage);
}

}  // namespace
}  // namespace replicator
