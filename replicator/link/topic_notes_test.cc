#include "replicator/link/topic_notes.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

policy::TopicFilter Make(policy::TopicFilterOptions options) {
  absl::StatusOr<policy::TopicFilter> filter = policy::TopicFilter::Create(std::move(options));
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.ok() ? *std::move(filter) : policy::TopicFilter();
}

TEST(TopicNotesTest, NamesOnceWhatARuleLeavesOut) {
  const policy::TopicFilter filter = Make({.topics_exclude = {}, .excludes_by_default = false});
  TopicNotes notes(filter);
  EXPECT_THAT(notes.Look({"orders", "heartbeats", "x.checkpoints.internal", "__consumer_offsets"}),
              ElementsAre(AllOf(HasSubstr("heartbeats, x.checkpoints.internal; a topic is copied when"),
                                Not(HasSubstr("orders")), Not(HasSubstr("__consumer_offsets")))));
  EXPECT_THAT(notes.left_out_by_rule(), ElementsAre("heartbeats", "x.checkpoints.internal"));
  EXPECT_THAT(notes.Look({"orders", "heartbeats"}), IsEmpty());
  EXPECT_THAT(notes.left_out_by_rule(), ElementsAre("heartbeats"));
  EXPECT_THAT(notes.Look({"heartbeats", ".new"}), ElementsAre(AllOf(HasSubstr(".new"), Not(HasSubstr("heartbeats")))));
}

TEST(TopicNotesTest, NamesAtTheFirstLookWhatMatchesNothing) {
  const policy::TopicFilter filter = Make({.topics = {"orders", "paymnts", "log-.*"}});
  TopicNotes notes(filter);
  EXPECT_THAT(notes.Look({}), IsEmpty());
  EXPECT_THAT(notes.Look({"orders", "payments"}),
              ElementsAre(AllOf(HasSubstr("matches no topic"), HasSubstr(": paymnts, log-.*"))));
  EXPECT_THAT(notes.Look({"payments"}), IsEmpty());
}

TEST(TopicNotesTest, NamesAtTheFirstLookWhatIsListedAndExcluded) {
  const policy::TopicFilter filter =
      Make({.topics = {"orders", "users"}, .topics_exclude = {"ord.*"}, .excludes_by_default = false});
  EXPECT_THAT(TopicNotes(filter).Look({"orders", "users"}), ElementsAre(HasSubstr("so not copied: orders")));
}

}  // namespace
}  // namespace replicator
