// D: the state folder's disk fills up while a copy runs: nothing is sent that could not be stored, the operator sees
// why, and it goes on once there is room. And who may look into the folder.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 2;
constexpr int64_t kRecords = 1'000;

// A small disk of its own; gone with the object.
class SmallDisk {
 public:
  static constexpr char kSize[] = "size=1m";

  explicit SmallDisk(const std::string& path) : path_(path) {
    std::filesystem::create_directories(path);
    mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, kSize) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

  // Until nothing more fits.
  void Fill() {
    std::FILE* const file = std::fopen(Ballast().c_str(), "ab");
    ASSERT_NE(file, nullptr);
    std::setbuf(file, nullptr);
    while (std::fputc('x', file) != EOF) continue;
    std::fclose(file);
  }
  void Empty() { std::filesystem::remove(Ballast()); }

 private:
  std::string Ballast() const { return path_ + "/ballast"; }

  const std::string path_;
  bool mounted_ = false;
};

class StateFolderTest : public SceneTest<OneToOne> {
 protected:
  void Create(const std::string& topic) {
    topic_ = topic;
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, kPartitions));
    ASSERT_NO_FATAL_FAILURE(Write());
    ReplicatorOptions options = scene_->Replicator(topic);
    link_ = std::make_unique<WatchedLink>(options);
  }

  void Write() {
    LoadOptions load = scene_->Load(topic_, kPartitions);
    load.records_total = kRecords;
    load.first_sequence = written_;
    written_ += kRecords;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  std::string StoreTrouble() { return link_->Status().value("store_trouble", ""); }

  int64_t written_ = 0;
  std::unique_ptr<WatchedLink> link_;
};

TEST_F(StateFolderTest, AFullDiskHoldsTheCopyUpAndIsShown) {
  ASSERT_NO_FATAL_FAILURE(Create("full"));
  SmallDisk disk(link_->options().state_dir);
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  EXPECT_EQ(StoreTrouble(), "");

  ASSERT_NO_FATAL_FAILURE(disk.Fill());
  // What is stored already may still be sent: one batch of each partition at the most.
  const auto shows_trouble = [&] {
    Write();
    return !StoreTrouble().empty();
  };
  ASSERT_TRUE(Eventually("status shows that nothing can be stored", shows_trouble)) << link_->process().LogTail();
  EXPECT_TRUE(absl::StrContains(StoreTrouble(), "Check the disk's space")) << StoreTrouble();
  const CommandOutput check = link_->Run({"status", "--check", "--max-lag-seconds=100000"});
  EXPECT_EQ(check.code, Code(ExitCode::kCopyBehind)) << check.text;
  EXPECT_TRUE(absl::StrContains(check.text, "nothing can be stored")) << check.text;
  EXPECT_TRUE(link_->NothingIsQuarantined());
  ASSERT_NO_FATAL_FAILURE(Write());
  ASSERT_OK(link_->process().CheckRunning());
  for (int partition = 0; partition < kPartitions; ++partition) {
    EXPECT_GT(link_->PartitionStatus(topic_, partition).value("lag_records", 0), 0) << link_->Status();
  }

  disk.Empty();
  EXPECT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  EXPECT_TRUE(Eventually("status shows no trouble any more", [&] { return StoreTrouble().empty(); })) << StoreTrouble();
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

// Killed while nothing could be stored, it goes on from what was.
TEST_F(StateFolderTest, KilledOnAFullDiskNothingIsDoubled) {
  ASSERT_NO_FATAL_FAILURE(Create("killed"));
  SmallDisk disk(link_->options().state_dir);
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  ASSERT_NO_FATAL_FAILURE(disk.Fill());
  const auto shows_trouble = [&] {
    Write();
    return !StoreTrouble().empty();
  };
  ASSERT_TRUE(Eventually("status shows that nothing can be stored", shows_trouble)) << link_->process().LogTail();
  ASSERT_OK(link_->Kill9());
  EXPECT_TRUE(IsHealthy(link_->process()));

  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectEnds(link_->process(), ExitCode::kBlocked));
  disk.Empty();
  ASSERT_OK(link_->Start());
  EXPECT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

TEST_F(StateFolderTest, AFolderThatCannotBeWrittenEndsTheStart) {
  ASSERT_NO_FATAL_FAILURE(Create("read-only"));
  const std::string folder = link_->options().state_dir;
  SmallDisk disk(folder);
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  ASSERT_EQ(mount("tmpfs", folder.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, SmallDisk::kSize), 0);
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectEnds(link_->process(), ExitCode::kBlocked));
  EXPECT_TRUE(link_->process().LogHas(folder)) << link_->process().Log();
  EXPECT_FALSE(scene_->target_admin().DescribeTopic(topic_).ok()) << "nothing was changed";
}

TEST_F(StateFolderTest, SocketAndLockAreForThisUserAlone) {
  ASSERT_NO_FATAL_FAILURE(Create("rights"));
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  for (const char* name : {"socket", "lock"}) {
    const std::string path = absl::StrCat(link_->options().state_dir, "/", name);
    struct stat facts = {};
    ASSERT_EQ(stat(path.c_str(), &facts), 0) << path;
    EXPECT_EQ(facts.st_mode & 0777, 0600) << path;
  }
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

}  // namespace
}  // namespace replicator::tests
