// Rights that the program's user lacks or loses: a start without them ends with the code for it, one topic that is
// hidden or closed at the source is named, and goes on once the right is given back.
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/cluster/acl.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

constexpr int64_t kRecords = 300;

struct WithAuthorizers {
  static constexpr char kName[] = "2.8.2 x 1 to 3.1.2 x 1, with authorizers";
  static SceneOptions Options() {
    const Properties properties = {{"authorizer.class.name", "kafka.security.authorizer.AclAuthorizer"},
                                   {"allow.everyone.if.no.acl.found", "true"}};
    return {.source = {.version = "2.8.2", .properties = properties},
            .target = {.version = "3.1.2", .properties = properties}};
  }
};

class RightsTest : public SceneTest<WithAuthorizers> {
 protected:
  // The topic and a neighbour, with records.
  void Create(const std::string& topic) {
    topic_ = topic;
    neighbour_ = topic + "-neighbour";
    for (const std::string& name : {topic_, neighbour_}) {
      ASSERT_OK(scene_->source_admin().CreateTopic({.name = name}));
      ASSERT_NO_FATAL_FAILURE(Write(name));
    }
    ReplicatorOptions options = scene_->Replicator(topic + ".*");
    link_ = std::make_unique<WatchedLink>(options);
  }

  void Copy(const std::string& topic) {
    ASSERT_NO_FATAL_FAILURE(Create(topic));
    ASSERT_OK(link_->Start());
    ASSERT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  }

  void Write(const std::string& topic) {
    LoadOptions load = scene_->Load(topic, 1);
    load.records_total = kRecords;
    load.first_sequence = written_;
    written_ += kRecords;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  void ExpectNeighbourGoesOn() {
    ASSERT_NO_FATAL_FAILURE(Write(neighbour_));
    EXPECT_TRUE(scene_->Equal({neighbour_})) << link_->process().LogTail();
    EXPECT_EQ(link_->Code(neighbour_), WatchedLink::kNoCode);
  }

  std::string source() const { return scene_->source().direct_bootstrap_servers(); }
  std::string target() const { return scene_->target().direct_bootstrap_servers(); }

  std::string neighbour_;
  int64_t written_ = 0;
  std::unique_ptr<WatchedLink> link_;
};

TEST_F(RightsTest, ReadTakenAtTheSourceIsNamedAndGoesOnOnceGivenBack) {
  ASSERT_NO_FATAL_FAILURE(Copy("closed"));
  ASSERT_OK(Deny(source(), AclResource::kTopic, topic_, AclOperation::kRead));
  ASSERT_TRUE(link_->ReachesError(topic_, "TOPIC_AUTHORIZATION_FAILED"));
  const std::string error = link_->PartitionStatus(topic_, 0).value("last_error", "");
  EXPECT_TRUE(absl::StrContains(error, "Give replicator's user")) << error;
  ASSERT_NO_FATAL_FAILURE(Write(topic_));
  ASSERT_NO_FATAL_FAILURE(ExpectNeighbourGoesOn());
  EXPECT_EQ(link_->PartitionStatus(topic_, 0).value("copied_to", -1), kRecords);
  EXPECT_TRUE(link_->NothingIsQuarantined());
  ASSERT_OK(RemoveAcls(source(), topic_));
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

// Metadata does not show it then, as if it were deleted.
TEST_F(RightsTest, DescribeTakenAtTheSourceIsNamedAndGoesOnOnceGivenBack) {
  ASSERT_NO_FATAL_FAILURE(Copy("hidden"));
  ASSERT_OK(Deny(source(), AclResource::kTopic, topic_, AclOperation::kDescribe));
  ASSERT_TRUE(link_->ReachesCode(topic_, "source-hidden"));
  const std::string reason = link_->PartitionStatus(topic_, 0).at("quarantine").at("reason");
  EXPECT_TRUE(absl::StrContains(reason, "DESCRIBE")) << reason;
  ASSERT_NO_FATAL_FAILURE(ExpectNeighbourGoesOn());
  EXPECT_EQ(link_->Run({"status", "--check"}).code, Code(ExitCode::kQuarantined));
  // From a process that never saw it, too.
  ASSERT_OK(link_->Kill9());
  ASSERT_OK(link_->Start());
  EXPECT_TRUE(Eventually("the topic is named as left out", [&] {
    return absl::StrContains(link_->Status().value("left_out", nlohmann::json::object()).value(topic_, ""), "DESCRIBE");
  })) << link_->Status();
  EXPECT_EQ(link_->Run({"status", "--check"}).code, Code(ExitCode::kCopyBehind));
  ASSERT_OK(RemoveAcls(source(), topic_));
  ASSERT_NO_FATAL_FAILURE(Write(topic_));
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(link_->NothingIsQuarantined());
}

TEST_F(RightsTest, AStartWithoutTheRightToTheLinksChangelogEndsWithItsCode) {
  ASSERT_NO_FATAL_FAILURE(Create("no-changelog"));
  const std::string changelog = absl::StrCat("replicator-link.old-to-", link_->options().link, ".internal");
  ASSERT_OK(Deny(target(), AclResource::kTopic, changelog, AclOperation::kWrite));
  ASSERT_OK(link_->Start());
  ExpectEnds(link_->process(), ExitCode::kUnauthorized, {"TOPIC_AUTHORIZATION_FAILED", changelog});
  EXPECT_FALSE(scene_->target_admin().DescribeTopic(topic_).ok()) << "nothing was copied";
}

TEST_F(RightsTest, AStartWithoutTheRightToTheLinksGroupEndsWithItsCode) {
  ASSERT_NO_FATAL_FAILURE(Create("no-group"));
  const std::string group = absl::StrCat("replicator.old->", link_->options().link);
  ASSERT_OK(Deny(target(), AclResource::kGroup, group, AclOperation::kRead));
  ASSERT_OK(link_->Start());
  ExpectEnds(link_->process(), ExitCode::kUnauthorized, {"GROUP_AUTHORIZATION_FAILED", group});
  EXPECT_FALSE(scene_->target_admin().DescribeTopic(topic_).ok()) << "nothing was copied";
}

}  // namespace
}  // namespace replicator::tests
