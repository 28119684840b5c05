#include "replicator/cli/run.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gflags/gflags.h"
#include "glog/logging.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "replicator/base/exit_code.h"
#include "replicator/cli/command_line.h"
#include "replicator/cli/cutover_command.h"
#include "replicator/cli/offsets_command.h"
#include "replicator/cli/program.h"
#include "replicator/cli/resume_command.h"
#include "replicator/cli/status_command.h"
#include "replicator/cli/version_command.h"

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class LogLines : public google::LogSink {
 public:
  LogLines() { google::AddLogSink(this); }
  ~LogLines() override { google::RemoveLogSink(this); }

  void send(google::LogSeverity, const char*, const char*, int, const google::LogMessageTime&, const char* message,
            size_t size) override {
    lines_.emplace_back(message, size);
  }

  int Count(const std::string& part) const {
    int count = 0;
    for (const std::string& line : lines_) count += absl::StrContains(line, part) ? 1 : 0;
    return count;
  }

 private:
  std::vector<std::string> lines_;
};

class RunTest : public ::testing::Test {
 protected:
  RunTest() : file_((std::filesystem::path(::testing::TempDir()) / "run_test.properties").string()) {
    commands_ = {RunCommand([this](const LinkConfig& config, const RunOptions& options) {
                   config_ = config;
                   options_ = options;
                   return 15;
                 }),
                 StatusCommand(),
                 ResumeCommandLine(),
                 CutoverCommand(),
                 OffsetsTranslateCommand(),
                 VersionCommand()};
  }
  ~RunTest() override { std::filesystem::remove(file_); }

  void WriteFile(const std::string& more) {
    std::ofstream(file_) << "clusters=A,B\nA.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\nA->B.enabled=true\n"
                         << more;
  }

  ExitCode Run(std::vector<std::string> arguments) { return RunProgram(commands_, arguments, {out_, err_}); }

  gflags::FlagSaver saver_;
  const std::string file_;
  std::vector<Command> commands_;
  std::optional<LinkConfig> config_;
  RunOptions options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(RunTest, HandsTheConfigAndTheOptionsOverAndReturnsTheLinksCode) {
  WriteFile("tasks.max = 4\n");
  EXPECT_EQ(Run({"run", "--config=" + file_, "--state-dir", "/s", "--shards=3", "--buffer-bytes=20000000",
                 "--in-flight-max=5", "--produce-connections=2", "--source-bytes-per-second=1000000",
                 "--target-bytes-per-second", "2000000", "--allow-lower-replication-factor",
                 "--accept-target-settings=orders", "--accept-target-settings=eu-.*", "--dry-run"}),
            ExitCode::kQuarantined);
  ASSERT_TRUE(config_.has_value());
  EXPECT_EQ(config_->Name(), "A->B");
  EXPECT_EQ(options_.state_dir, "/s");
  EXPECT_EQ(options_.shards, 3);
  EXPECT_TRUE(options_.accept_target_settings.Matches("orders"));
  EXPECT_TRUE(options_.accept_target_settings.Matches("eu-orders"));
  EXPECT_FALSE(options_.accept_target_settings.Matches("us-orders"));
  EXPECT_EQ(options_.buffer_bytes_max, 20000000);
  EXPECT_EQ(options_.in_flight_max, 5);
  EXPECT_EQ(options_.produce_connections_max, 2);
  EXPECT_EQ(options_.source_bytes_per_second, 1000000);
  EXPECT_EQ(options_.target_bytes_per_second, 2000000);
  EXPECT_TRUE(options_.allow_lower_replication_factor);
  EXPECT_TRUE(options_.dry_run);
}

TEST_F(RunTest, TakesDefaults) {
  WriteFile("");
  EXPECT_EQ(Run({"run", "--config", file_}), ExitCode::kQuarantined);
  EXPECT_EQ(options_.state_dir, "replicator-state/A-to-B");
  EXPECT_EQ(options_.shards, 1);
  EXPECT_EQ(options_.buffer_bytes_max, 64 << 20);
  EXPECT_EQ(options_.in_flight_max, 1);
  EXPECT_EQ(options_.produce_connections_max, 4);
  EXPECT_EQ(options_.source_bytes_per_second, 0);
  EXPECT_EQ(options_.target_bytes_per_second, 0);
  EXPECT_FALSE(options_.allow_lower_replication_factor);
  EXPECT_FALSE(options_.dry_run);
}

TEST_F(RunTest, ManyShardsGetMoreMemoryUnlessTold) {
  WriteFile("tasks.max = 16\n");
  EXPECT_EQ(Run({"run", "--config", file_, "--shards=16"}), ExitCode::kQuarantined);
  EXPECT_EQ(options_.buffer_bytes_max, 128 << 20);
  EXPECT_EQ(Run({"run", "--config", file_, "--shards=16", "--buffer-bytes=40000000"}), ExitCode::kQuarantined);
  EXPECT_EQ(options_.buffer_bytes_max, 40000000);
}

TEST_F(RunTest, NamesEachKeyThatIsNotHonouredOnceInTheLog) {
  WriteFile("offset.lag.max = 4711\n");
  const LogLines log;
  EXPECT_EQ(Run({"run", "--config=" + file_}), ExitCode::kQuarantined);
  EXPECT_EQ(log.Count("run_test.properties: keys that have no effect here: `offset.lag.max` (line 5)"), 1);
  EXPECT_EQ(log.Count("offset.lag.max"), 1);
  EXPECT_EQ(log.Count("4711"), 0);
}

TEST_F(RunTest, SaysThatThereAreNoMoreShardsThanTasks) {
  WriteFile("tasks.max = 2\n");
  const LogLines log;
  EXPECT_EQ(Run({"run", "--config=" + file_, "--shards=7"}), ExitCode::kQuarantined);
  EXPECT_EQ(options_.shards, 2);
  EXPECT_EQ(log.Count("--shards=7 is cut to tasks.max=2 of " + file_), 1);
}

TEST_F(RunTest, SaysWhichDefaultExcludesAreInForce) {
  const std::string excludes = R"(.*[\-\.]internal, .*\.replica, __.*)";
  WriteFile("");
  const LogLines silent;
  EXPECT_EQ(Run({"run", "--config=" + file_}), ExitCode::kQuarantined);
  EXPECT_EQ(silent.Count("topics that match " + excludes + " are not copied"), 1);
  WriteFile("topics.exclude = x\n");
  const LogLines explicitly;
  EXPECT_EQ(Run({"run", "--config=" + file_}), ExitCode::kQuarantined);
  EXPECT_EQ(explicitly.Count(excludes), 0);
}

TEST_F(RunTest, DoesNotStartWithABadFile) {
  WriteFile("tasks.max = x\nA.security.protocol = hidden\n");
  EXPECT_EQ(Run({"run", "--config=" + file_}), ExitCode::kUsage);
  EXPECT_FALSE(config_.has_value());
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("run_test.properties:5: tasks.max"),
                                HasSubstr("run_test.properties:6: `A.sec"), Not(HasSubstr("hidden"))));
  EXPECT_EQ(Run({"run", "--config=/no/such/file"}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("cannot read /no/such/file: No such file"));
}

TEST_F(RunTest, RefusesBuffersThatHoldNoResponseOfEachShard) {
  WriteFile("tasks.max = 8\n");
  gflags::FlagSaver saver;
  EXPECT_EQ(Run({"run", "--config=" + file_, "--shards=8", "--buffer-bytes=8388608"}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("--buffer-bytes=8388608 is too little for 8 shards"), HasSubstr("16777216")));
  EXPECT_FALSE(config_.has_value());
}

TEST_F(RunTest, RefusesALagThatNobodyChecks) {
  gflags::FlagSaver saver;
  EXPECT_EQ(Run({"status", "--state-dir=/none", "--max-lag-seconds=5"}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--max-lag-seconds belongs to --check"));
}

TEST_F(RunTest, RefusesNumbersOutOfRange) {
  WriteFile("");
  for (const char* flag :
       {"--shards=-1", "--shards=257", "--buffer-bytes=1000", "--in-flight-max=0", "--in-flight-max=6",
        "--produce-connections=0", "--produce-connections=17", "--source-bytes-per-second=-1",
        "--source-bytes-per-second=999", "--target-bytes-per-second=1099511627777"}) {
    gflags::FlagSaver saver;
    EXPECT_EQ(Run({"run", "--config=" + file_, flag}), ExitCode::kUsage) << flag;
    EXPECT_THAT(err_.str(), HasSubstr(flag));
  }
  EXPECT_FALSE(config_.has_value());
}

TEST_F(RunTest, HelpDoesNotShowTheFlagForBenchmarks) {
  EXPECT_EQ(Run({"help", "run"}), ExitCode::kDone);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("--config=FILE"), HasSubstr("--state-dir=DIR"), HasSubstr("--buffer-bytes=BYTES")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("in-flight")));
  EXPECT_THAT(out_.str(), HasSubstr("\n                      ["));  // the usage does not fit one line
}

TEST_F(RunTest, TheDocumentHoldsEveryFlagAndExitCode) {
  std::ifstream file("docs/commands.md");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const Command& command : commands_) {
    EXPECT_THAT(text, HasSubstr("`" + command.name + "`"));
    for (const Flag& flag : command.flags) {
      if (!flag.is_hidden) EXPECT_THAT(text, HasSubstr("| `" + Dashed(flag.name)));
    }
  }
  for (const ExitCodeMeaning& row : kExitCodes) {
    EXPECT_THAT(text, HasSubstr("| " + std::to_string(static_cast<int>(row.code)) + " | " + row.meaning + " |"));
  }
}

TEST_F(RunTest, VersionNamesTheProgramItsLibraryAndItsBuild) {
  EXPECT_EQ(Run({"version"}), ExitCode::kDone);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("replicator 0."), HasSubstr("librdkafka 2."), HasSubstr("build      "),
                                HasSubstr("compiler   "), HasSubstr("Clang")));
}

TEST(ResolveShardsTest, TakesTheCoresWhenNotToldButNeverMoreThanTasksMax) {
  EXPECT_EQ(ResolveShards(0, 8, 100), 8);
  EXPECT_EQ(ResolveShards(0, 8, 3), 3);
  EXPECT_EQ(ResolveShards(5, 2, 100), 5);
  EXPECT_EQ(ResolveShards(5, 2, 4), 4);
}

TEST(ExitCodeTest, FollowsTheKindOfAnError) {
  EXPECT_EQ(ExitCodeFor(absl::OkStatus()), ExitCode::kDone);
  EXPECT_EQ(ExitCodeFor(absl::InvalidArgumentError("")), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeFor(absl::FailedPreconditionError("")), ExitCode::kBlocked);
  EXPECT_EQ(ExitCodeFor(absl::UnavailableError("")), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeFor(absl::DeadlineExceededError("")), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeFor(absl::PermissionDeniedError("")), ExitCode::kUnauthorized);
  EXPECT_EQ(ExitCodeFor(absl::UnauthenticatedError("")), ExitCode::kUnauthorized);
  EXPECT_EQ(ExitCodeFor(absl::InternalError("")), ExitCode::kInternal);
  for (const absl::Status& status : {absl::UnavailableError("full"), absl::DataLossError("damaged")})
    EXPECT_EQ(ExitCodeFor(StateFolderError(status)), ExitCode::kBlocked) << status;
  EXPECT_TRUE(absl::IsNotFound(StateFolderError(absl::NotFoundError(""))));
}

}  // namespace
}  // namespace replicator
