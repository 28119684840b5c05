#include "replicator/link_state.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class LinkStateTest : public ::testing::Test {
 protected:
  LinkStateTest() : folder_((std::filesystem::path(::testing::TempDir()) / "link_state_test").string()) {
    std::filesystem::remove_all(folder_);
  }
  ~LinkStateTest() override { std::filesystem::remove_all(folder_); }

  const std::string folder_;
};

TEST_F(LinkStateTest, KeepsWhatALinkIs) {
  absl::StatusOr<std::unique_ptr<LinkState>> state = LinkState::Open(folder_ + "/made/too");
  ASSERT_TRUE(state.ok()) << state.status();
  absl::StatusOr<std::optional<LinkIdentity>> before = (*state)->Load();
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_FALSE(before->has_value());
  LinkIdentity identity;
  identity.source_cluster_id = "from";
  identity.target_cluster_id = "to";
  identity.isolation_level = kafka::IsolationLevel::kReadUncommitted;
  identity.producer = {77, 3};
  ASSERT_TRUE((*state)->Save(identity).ok());
  absl::StatusOr<std::optional<LinkIdentity>> after = (*state)->Load();
  ASSERT_TRUE(after.ok() && after->has_value()) << after.status();
  EXPECT_EQ((*after)->source_cluster_id, "from");
  EXPECT_EQ((*after)->target_cluster_id, "to");
  EXPECT_EQ((*after)->isolation_level, kafka::IsolationLevel::kReadUncommitted);
  EXPECT_EQ((*after)->producer, identity.producer);
}

TEST_F(LinkStateTest, OneProcessAtATimeHasAFolder) {
  absl::StatusOr<std::unique_ptr<LinkState>> first = LinkState::Open(folder_);
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status second = LinkState::Open(folder_).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()), AllOf(HasSubstr(folder_ + " is in use"), HasSubstr("--state-dir")));
  first->reset();
  EXPECT_TRUE(LinkState::Open(folder_).ok());
}

TEST_F(LinkStateTest, SaysWhatToDoWithADamagedFile) {
  absl::StatusOr<std::unique_ptr<LinkState>> state = LinkState::Open(folder_);
  ASSERT_TRUE(state.ok()) << state.status();
  std::ofstream(folder_ + "/link.properties") << "source.cluster.id=from\nproducer.id=7x\nproducer.epoch=0\n";
  const absl::Status damaged = (*state)->Load().status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(damaged.message()),
              AllOf(HasSubstr(folder_ + "/link.properties is damaged"), HasSubstr("Restore it from a backup")));
}

TEST_F(LinkStateTest, NamesAFolderThatCannotBe) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/file") << "x";
  const absl::Status status = LinkState::Open(folder_ + "/file/folder").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot make the state folder " + folder_ + "/file/folder"));
}

}  // namespace
}  // namespace replicator
