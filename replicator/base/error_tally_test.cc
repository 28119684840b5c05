#include "replicator/base/error_tally.h"

#include <glog/logging.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ErrorTallyTest : public ::testing::Test, public google::LogSink {
 protected:
  ErrorTallyTest() { google::AddLogSink(this); }
  ~ErrorTallyTest() override { google::RemoveLogSink(this); }

  void send(google::LogSeverity, const char*, const char*, int, const google::LogMessageTime&, const char* message,
            size_t size) override {
    lines_.emplace_back(message, size);
  }

  std::vector<std::string> lines_;
  ErrorTally tally_;
};

TEST_F(ErrorTallyTest, OneLineForEachErrorWithItsCountAndAnExample) {
  for (int partition = 0; partition < 1000; ++partition) tally_.Add(absl::StrCat("a-", partition), "gone");
  tally_.Add("b-0", "fenced");
  tally_.Add("c-1", "late");
  tally_.Add("c-2", "late");
  EXPECT_THAT(lines_, IsEmpty());
  tally_.Log();
  EXPECT_THAT(lines_,
              ElementsAre("b-0: fenced", "a-0 and 999 more partitions: gone", "c-1 and 1 more partition: late"));
}

TEST_F(ErrorTallyTest, TheNextAnswerBeginsAnew) {
  tally_.Add("a-0", "gone");
  tally_.Log();
  tally_.Add("a-1", "gone");
  tally_.Log();
  tally_.Log();
  EXPECT_THAT(lines_, ElementsAre("a-0: gone", "a-1: gone"));
}

}  // namespace
}  // namespace replicator
