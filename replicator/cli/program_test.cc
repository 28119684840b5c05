#include "replicator/cli/program.h"

#include <sstream>
#include <string>
#include <vector>

#include "gflags/gflags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "replicator/cli/command_line.h"
#include "replicator/cli/help.h"

DEFINE_string(file_name, "none", "");
DEFINE_int32(count, 1, "");
DEFINE_string(other_only, "", "");
DEFINE_int32(secret_knob, 0, "");
DEFINE_string(also, "", "");
DEFINE_bool(dry, false, "");

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    Command copy;
    copy.name = "copy";
    copy.summary = "Copy things.";
    copy.description = "At length.";
    copy.flags = {{.name = "file_name", .value_name = "FILE", .help = "what to read", .is_required = true},
                  {.name = "count", .value_name = "N", .help = "how many\nof them", .default_text = "1"},
                  {.name = "dry", .help = "only look"},
                  {.name = "also", .value_name = "NAME", .help = "one more", .is_repeatable = true},
                  {.name = "secret_knob", .value_name = "N", .help = "hush", .is_hidden = true}};
    copy.run = [this](Streams) {
      ++runs_;
      return ExitCode::kQuarantined;
    };
    Command other;
    other.name = "other";
    other.summary = "Something else.";
    other.flags = {{.name = "other_only", .value_name = "X", .help = "not for copy"}};
    other.run = [](Streams) { return ExitCode::kDone; };
    commands_ = {copy, other};
  }

  ExitCode Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    return RunProgram(commands_, arguments, {out_, err_});
  }

  void ExpectUsageError(const std::vector<std::string>& arguments, const std::string& part) {
    EXPECT_EQ(Run(arguments), ExitCode::kUsage);
    EXPECT_THAT(err_.str(), AllOf(HasSubstr("replicator: "), HasSubstr(part)));
    EXPECT_EQ(out_.str(), "");
    EXPECT_EQ(runs_, 0);
  }

  gflags::FlagSaver saver_;
  std::vector<Command> commands_;
  std::ostringstream out_;
  std::ostringstream err_;
  int runs_ = 0;
};

TEST_F(ProgramTest, RunsTheCommandWithItsFlagsAndReturnsItsCode) {
  EXPECT_EQ(Run({"copy", "--file-name=x", "--count", "3", "--secret_knob=9"}), ExitCode::kQuarantined);
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(FLAGS_file_name, "x");
  EXPECT_EQ(FLAGS_count, 3);
  EXPECT_EQ(FLAGS_secret_knob, 9);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(ProgramTest, ACommandsNameMayHaveTwoWords) {
  Command two = commands_[0];
  two.name = "copy twice";
  Command other = commands_[1];
  other.name = "look around";
  commands_ = {two, other};
  EXPECT_EQ(Run({"copy", "twice", "--file-name=x"}), ExitCode::kQuarantined);
  EXPECT_EQ(Run({"help", "copy", "twice"}), ExitCode::kDone);
  EXPECT_THAT(out_.str(), HasSubstr("Usage: replicator copy twice --file-name=FILE"));
  EXPECT_EQ(Run({"copy", "twicee", "--file-name=x"}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("there is no command `copy twicee`: did you mean `copy twice`?"));
  EXPECT_EQ(Run({"copy", "--file-name=x"}), ExitCode::kUsage);
}

TEST_F(ProgramTest, TakesUnderscoresOneDashAndNegativeValues) {
  EXPECT_EQ(Run({"copy", "-file_name", "a=b", "--count", "-2"}), ExitCode::kQuarantined);
  EXPECT_EQ(FLAGS_file_name, "a=b");
  EXPECT_EQ(FLAGS_count, -2);
}

TEST_F(ProgramTest, RefusesARepeatedFlagInAnySpelling) {
  ExpectUsageError({"copy", "--file-name=x", "--file_name", "y"}, "--file-name is given twice");
}

TEST_F(ProgramTest, JoinsTheValuesOfAFlagThatMayBeRepeated) {
  EXPECT_EQ(Run({"copy", "--file-name=x", "--also=a", "--also", "b,c"}), ExitCode::kQuarantined);
  EXPECT_EQ(FLAGS_also, "a,b,c");
}

TEST_F(ProgramTest, RefusesFlagsOfOtherCommandsAndOfLibraries) {
  ExpectUsageError({"copy", "--file-name=x", "--other-only=1"}, "--other-only is a flag of `other`, not of `copy`");
  ExpectUsageError({"copy", "--file-name=x", "--flagfile=y"}, "has no flag --flagfile");
  ExpectUsageError({"other", "--secret-knob=1"}, "`other` has no flag --secret-knob");
}

TEST_F(ProgramTest, SuggestsTheNearestFlagAndCommand) {
  ExpectUsageError({"copy", "--file-nmae=x"}, "did you mean --file-name?");
  ExpectUsageError({"cpoy"}, "did you mean `copy`?");
  ExpectUsageError({"oth"}, "did you mean `other`?");
  ExpectUsageError({"hlep"}, "did you mean `help`?");
  ExpectUsageError({"zebra"}, "there is no command `zebra`");
  EXPECT_THAT(err_.str(), Not(HasSubstr("did you mean")));
}

TEST_F(ProgramTest, RefusesStrayArguments) {
  ExpectUsageError({"copy", "--file-name=x", "stray"}, "takes no argument `stray`");
  ExpectUsageError({"copy", "--file-name=x", "-"}, "takes no argument `-`");
  ExpectUsageError({"copy", "--file-name=x", "--"}, "has no flag");
  ExpectUsageError({"copy", ""}, "takes no argument ``");
}

TEST_F(ProgramTest, RefusesAFlagWithoutItsValueOrWithABadOne) {
  ExpectUsageError({"copy", "--file-name"}, "--file-name needs a value");
  ExpectUsageError({"copy", "--file-name", "--count=1"}, "--file-name needs a value");
  ExpectUsageError({"copy", "--file-name="}, "--file-name is empty");
  ExpectUsageError({"copy", "--file-name=x", "--count=many"}, "--count cannot be `many`");
}

TEST_F(ProgramTest, ASwitchNeedsNoValue) {
  EXPECT_EQ(Run({"copy", "--dry", "--file-name=x"}), ExitCode::kQuarantined);
  EXPECT_TRUE(FLAGS_dry);
  EXPECT_EQ(Run({"copy", "--file-name=x", "--dry=false"}), ExitCode::kQuarantined);
  EXPECT_FALSE(FLAGS_dry);
  EXPECT_EQ(Run({"copy", "--file-name=x", "--dry=true"}), ExitCode::kQuarantined);
  EXPECT_TRUE(FLAGS_dry);
}

TEST_F(ProgramTest, RefusesAValueBehindASwitchAndABlank) {
  ExpectUsageError({"copy", "--file-name=x", "--dry", "false"},
                   "--dry is a switch and takes no value behind a blank: write --dry or --dry=false, not --dry false");
}

TEST_F(ProgramTest, RefusesASwitchThatIsNeitherTrueNorFalse) {
  ExpectUsageError({"copy", "--file-name=x", "--dry=0"}, "--dry cannot be `0`: write --dry or --dry=false");
  ExpectUsageError({"copy", "--file-name=x", "--dry="}, "--dry cannot be ``");
  ExpectUsageError({"copy", "--file-name=x", "--nodry"}, "has no flag --nodry: did you mean --dry?");
}

TEST_F(ProgramTest, NeedsTheRequiredFlags) {
  ExpectUsageError({"copy"}, "needs --file-name=FILE (see replicator help copy)");
}

TEST_F(ProgramTest, PrintsHelpOfTheProgram) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"help"}, {"--help"}, {"-h"}, {"help", "help"}}) {
    EXPECT_EQ(Run(arguments), ExitCode::kDone);
    EXPECT_THAT(out_.str(), AllOf(HasSubstr("copy"), HasSubstr("Something else."), HasSubstr("  22  wrong cluster")));
    for (const ExitCodeMeaning& row : kExitCodes) {
      std::string code = std::to_string(static_cast<int>(row.code));
      code.resize(2, ' ');
      EXPECT_THAT(out_.str(), HasSubstr("  " + code + "  " + row.meaning + "\n"));
    }
    EXPECT_EQ(err_.str(), "");
  }
  EXPECT_EQ(Run({}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("Usage: replicator COMMAND"));
}

TEST_F(ProgramTest, PrintsHelpOfOneCommandWithItsOwnFlagsOnly) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"help", "copy"}, {"copy", "--help"}, {"copy", "--count=1", "-h"}}) {
    EXPECT_EQ(Run(arguments), ExitCode::kDone);
    EXPECT_THAT(
        out_.str(),
        AllOf(HasSubstr("Usage: replicator copy --file-name=FILE [--count=N] [--dry] [--also=NAME]\n"),
              HasSubstr("  --count=N         how many\n                    of them\n"), HasSubstr("default: 1")));
    EXPECT_THAT(out_.str(), AllOf(Not(HasSubstr("secret")), Not(HasSubstr("other-only")), Not(HasSubstr("flagfile"))));
  }
  EXPECT_EQ(runs_, 0);
  ExpectUsageError({"help", "cop"}, "did you mean `copy`?");
  ExpectUsageError({"help", "copy", "other"}, "takes one command");
}

TEST_F(ProgramTest, WantsTheCommandFirst) {
  ExpectUsageError({"--file-name=x", "copy"}, "the command has to come before");
}

}  // namespace
}  // namespace replicator
