#include "tests/groups/groups_scene.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/eventually.h"
#include "tests/cluster/record_stream.h"
#include "tests/scene/figures.h"

namespace replicator::tests {
namespace {

using Json = nlohmann::json;

// The first record at or behind an offset.
std::optional<uint64_t> Next(const std::vector<std::pair<int64_t, uint64_t>>& records, int64_t offset) {
  const auto found = std::lower_bound(records.begin(), records.end(), std::pair<int64_t, uint64_t>{offset, 0});
  if (found == records.end()) return std::nullopt;
  return found->second;
}

}  // namespace

absl::StatusOr<TopicRecords> ReadTopic(ClusterAdmin& admin, const std::string& servers, const std::string& topic) {
  absl::StatusOr<std::vector<OffsetRange>> ranges = admin.Offsets(topic, /*read_committed=*/true);
  if (!ranges.ok()) return ranges.status();
  StreamOptions options = {.bootstrap_servers = servers, .read_committed = true};
  for (size_t i = 0; i < ranges->size(); ++i)
    options.ranges.push_back({topic, static_cast<int>(i), (*ranges)[i].start, (*ranges)[i].end});
  absl::StatusOr<std::unique_ptr<RecordStream>> stream = RecordStream::Open(options);
  if (!stream.ok()) return stream.status();
  TopicRecords records(ranges->size());
  const absl::Time deadline = absl::Now() + kPatience;
  const auto is_read = [&] {
    for (size_t i = 0; i < records.size(); ++i) {
      const bool is_empty = (*ranges)[i].start == (*ranges)[i].end;
      if (!is_empty && !(*stream)->finished(i) && !(*stream)->at_end(i)) return false;
    }
    return true;
  };
  while (!is_read()) {
    if (absl::Now() > deadline) return absl::DeadlineExceededError(absl::StrCat(topic, " cannot be read to its end"));
    const absl::Status polled =
        (*stream)->Poll(absl::Milliseconds(100), [&](size_t range, const rd_kafka_message_t& message) {
          records[range].emplace_back(message.offset,
                                      RecordDigest(message, /*with_timestamp=*/true, /*with_offset=*/false));
        });
    if (!polled.ok()) return polled;
  }
  return records;
}

void GroupsScene::MakeTopic(const std::string& topic, int64_t records, bool with_aborts, int64_t head) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, kPartitions));
  batch_bytes_max_ = head > 0 ? 1 : 4096;  // a log that begins within a batch is not copied
  ASSERT_NO_FATAL_FAILURE(AddRecords(topic, records, with_aborts));
  batch_bytes_max_ = 4096;
  for (int partition = 0; head > 0 && partition < kPartitions; ++partition)
    ASSERT_OK(scene_->source_admin().DeleteRecords(topic, partition, head + 3 * partition));
}

void GroupsScene::AddRecords(const std::string& topic, int64_t records, bool with_aborts) {
  LoadOptions load = scene_->Load(topic, kPartitions);
  load.records_total = records;
  load.first_sequence = next_sequence_[topic];
  load.value_bytes = 100;
  load.linger_ms = 1;
  load.batch_bytes_max = batch_bytes_max_;
  if (with_aborts) {
    load.records_per_transaction = 50;
    load.abort_share = 0.4;
  }
  LoadCounts counts;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load, &counts));
  next_sequence_[topic] = counts.next_sequence;
}

void GroupsScene::BeginWithOneGroup(const std::string& topic) {
  topic_ = topic;
  group_ = topic + "-group";
  ASSERT_NO_FATAL_FAILURE(MakeTopic(topic, 3'000));
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic, {{0, 100}, {1, 100}}));
  ASSERT_NO_FATAL_FAILURE(StartLink(topic, topic + "-.*"));
  ASSERT_TRUE(ReachesState(group_, "in step"));
  ASSERT_EQ(OnTarget(), (std::map<int, int64_t>{{0, 100}, {1, 100}}));
}

std::map<int, int64_t> GroupsScene::OnTarget(const std::string& group, const std::string& topic) {
  const auto offsets = scene_->target_admin().GroupOffsets(group, topic);
  EXPECT_TRUE(offsets.ok()) << offsets.status();
  return offsets.ok() ? *offsets : std::map<int, int64_t>{};
}

void GroupsScene::StartLink(const std::string& topics, const std::string& groups, int interval_seconds) {
  ReplicatorOptions options = scene_->Replicator(topics);
  options.properties["sync.group.offsets.enabled"] = "true";
  options.properties["sync.group.offsets.interval.seconds"] = absl::StrCat(interval_seconds);
  options.properties["refresh.groups.interval.seconds"] = "2";
  options.properties["groups"] = groups;
  link_ = std::make_unique<WatchedLink>(options);
  ASSERT_OK(link_->Start());
}

void GroupsScene::RestartAfterKill() {
  ASSERT_OK(link_->Kill9());
  ASSERT_OK(link_->Start());
}

std::map<int, int64_t> GroupsScene::Positions(const std::string& topic, int kind) {
  const absl::StatusOr<std::vector<OffsetRange>> ranges = scene_->source_admin().Offsets(topic);
  EXPECT_TRUE(ranges.ok()) << ranges.status();
  std::map<int, int64_t> positions;
  if (!ranges.ok()) return positions;
  for (int partition = 0; partition < static_cast<int>(ranges->size()); ++partition) {
    const auto [start, end] = (*ranges)[partition];
    const int64_t at_random = std::uniform_int_distribution<int64_t>(start, end)(random_);
    switch (kind % kKinds) {
      case 0:
        positions[partition] = at_random;
        break;
      case 1:
        positions[partition] = std::max(start, end - at_random % 5);
        break;
      case 2:
        positions[partition] = end;
        break;
      case 3:
        positions[partition] = 0;
        break;
      case 4:
        positions[partition] = start;
        break;
      case 5:
        positions[partition] = std::max<int64_t>(0, start - 1 - at_random % 7);
        break;
      default:  // not all of its partitions
        if (partition % 2 == 0) positions[partition] = at_random;
    }
  }
  return positions;
}

void GroupsScene::CommitAtSource(const std::string& group, const std::string& topic,
                                 const std::map<int, int64_t>& offsets) {
  ASSERT_OK(scene_->source_admin().CommitGroupOffsets(group, topic, offsets));
}

Json GroupsScene::GroupsStatus() {
  const CommandOutput output = link_->Run({"status", "--groups", "--json"});
  Json status = Json::parse(output.text, nullptr, /*allow_exceptions=*/false);
  return status.is_object() ? status : Json::object();
}

Json GroupsScene::LineOf(const std::string& group) {
  const Json status = GroupsStatus();
  for (Json line : status.value("groups", Json::array())) {
    if (line.value("group", "") == group) return line;
  }
  return Json::object();
}

std::string GroupsScene::StateOf(const std::string& group) { return LineOf(group).value("state", "not listed"); }

testing::AssertionResult GroupsScene::ReachesState(const std::string& group, const std::string& state) {
  testing::AssertionResult reached = Eventually(absl::StrCat("group ", group, " is ", state), [&] {
    absl::SleepFor(absl::Milliseconds(100));
    return StateOf(group) == state;
  });
  if (!reached) reached << LineOf(group).dump() << "\n" << link_->process().LogTail();
  return reached;
}

testing::AssertionResult GroupsScene::AllInStep(int groups) {
  const auto all = [&] {
    absl::SleepFor(absl::Milliseconds(100));
    int in_step = 0;
    const Json status = GroupsStatus();
    for (const Json& line : status.value("groups", Json::array()))
      in_step += line.value("state", "") == "in step" && line.value("in_step", -1) == line.value("partitions", -2);
    return in_step == groups;
  };
  testing::AssertionResult reached = Eventually("all groups are in step", all);
  if (!reached) reached << link_->Run({"status", "--groups"}).text << "\n" << link_->process().LogTail();
  return reached;
}

void GroupsScene::ExpectEveryPositionIsExact(const std::string& prefix, int groups) {
  const std::vector<std::string> topics = {prefix + "-plain", prefix + "-head", prefix + "-aborts"};
  const auto has_aborts = [&](const std::string& topic) { return topic == topics[2]; };
  for (const std::string& topic : topics)
    ASSERT_NO_FATAL_FAILURE(MakeTopic(topic, 6'000, has_aborts(topic), topic == topics[1] ? 200 : 0));
  std::vector<std::string> names;
  size_t committed = 0;
  for (int i = 0; i < groups; ++i) {
    names.push_back(absl::StrCat(prefix, "-group-", i));
    for (const std::string& topic : topics) {
      const std::map<int, int64_t> positions = Positions(topic, i);
      committed += positions.size();
      ASSERT_NO_FATAL_FAILURE(CommitAtSource(names.back(), topic, positions));
    }
  }
  const auto judge = [&] {
    size_t judged = 0;
    for (const std::string& topic : topics) judged += ExpectExact(topic, names);
    EXPECT_EQ(judged, committed);
    Figure("groups/exact-positions", static_cast<double>(judged), "positions");
  };
  ASSERT_NO_FATAL_FAILURE(StartLink(prefix + "-.*", prefix + "-group-.*"));
  ASSERT_TRUE(AllInStep(groups));
  judge();

  for (int round = 0; round < 3; ++round) {
    for (const std::string& topic : topics) ASSERT_NO_FATAL_FAILURE(AddRecords(topic, 600, has_aborts(topic)));
    for (int i = 0; i < groups; ++i) {
      for (const std::string& topic : topics) {
        std::map<int, int64_t> onward = scene_->source_admin().GroupOffsets(names[i], topic).value();
        const std::map<int, int64_t> ends = Positions(topic, /*kind=*/2);
        for (auto& [partition, offset] : onward) {
          if (random_() % 2 == 0) offset += static_cast<int64_t>(random_()) % (ends.at(partition) - offset + 1);
        }
        ASSERT_NO_FATAL_FAILURE(CommitAtSource(names[i], topic, onward));
      }
      if (i == groups / 5 * (round + 1)) ASSERT_NO_FATAL_FAILURE(RestartAfterKill());
    }
  }
  ASSERT_TRUE(AllInStep(groups));
  judge();
}

int GroupsScene::ExpectExact(const std::string& topic, const std::vector<std::string>& groups) {
  const absl::StatusOr<TopicRecords> source =
      ReadTopic(scene_->source_admin(), scene_->source().direct_bootstrap_servers(), topic);
  const absl::StatusOr<TopicRecords> target =
      ReadTopic(scene_->target_admin(), scene_->target().direct_bootstrap_servers(), topic);
  EXPECT_TRUE(source.ok() && target.ok()) << source.status() << target.status();
  if (!source.ok() || !target.ok()) return 0;
  int judged = 0;
  for (const std::string& group : groups) {
    const auto at_source = scene_->source_admin().GroupOffsets(group, topic);
    const auto at_target = scene_->target_admin().GroupOffsets(group, topic);
    EXPECT_TRUE(at_source.ok() && at_target.ok()) << at_source.status() << at_target.status();
    if (!at_source.ok() || !at_target.ok()) return judged;
    EXPECT_EQ(at_source->size(), at_target->size()) << group << " of " << topic;
    for (const auto& [partition, offset] : *at_source) {
      const auto committed = at_target->find(partition);
      if (committed == at_target->end()) continue;
      EXPECT_EQ(Next((*source)[partition], offset), Next((*target)[partition], committed->second))
          << group << " of " << topic << "-" << partition << ": " << offset << " at the source, " << committed->second
          << " on the target";
      ++judged;
    }
  }
  return judged;
}

}  // namespace replicator::tests
