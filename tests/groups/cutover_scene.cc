#include "tests/groups/cutover_scene.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/eventually.h"
#include "tests/scene/figures.h"

namespace replicator::tests {

using Json = nlohmann::json;

void CutoverScene::Begin(const std::string& topic, int64_t records, bool keeps_in_step) {
  topic_ = topic;
  group_ = topic + "-app";
  done_.clear();
  ASSERT_NO_FATAL_FAILURE(MakeTopic(topic, records));
  ASSERT_NO_FATAL_FAILURE(StartLink(topic, keeps_in_step ? topic + "-.*" : "none"));
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic, records));
}

std::unique_ptr<Application> CutoverScene::StartApplication(Where where, const std::string& group,
                                                            ClientProperties properties) {
  const KafkaCluster& cluster = where == Where::kSource ? scene_->source() : scene_->target();
  auto application = Application::Start({.bootstrap_servers = cluster.direct_bootstrap_servers(),
                                         .group = group,
                                         .topic = topic_,
                                         .properties = std::move(properties)});
  EXPECT_TRUE(application.ok()) << application.status();
  return *std::move(application);
}

void CutoverScene::Take(const Application& application) {
  const std::vector<uint64_t> done = application.done();
  done_.insert(done_.end(), done.begin(), done.end());
}

void CutoverScene::Work(Where where, const std::string& group, size_t records) {
  std::unique_ptr<Application> application = StartApplication(where, group);
  ASSERT_TRUE(Eventually("some are done", [&] { return application->count() >= records; }))
      << application->count() << " of " << records;
  application->Stop();
  Take(*application);
}

void CutoverScene::WorkToTheEnd(Where where, const std::string& group) {
  const absl::StatusOr<TopicRecords> records =
      ReadTopic(scene_->source_admin(), scene_->source().direct_bootstrap_servers(), topic_);
  ASSERT_TRUE(records.ok()) << records.status();
  size_t all = 0;
  for (const auto& partition : *records) all += partition.size();
  ASSERT_GE(all, done_.size());
  if (all > done_.size()) Work(where, group, all - done_.size());
}

void CutoverScene::ExpectEachOnce() {
  const absl::StatusOr<TopicRecords> records =
      ReadTopic(scene_->source_admin(), scene_->source().direct_bootstrap_servers(), topic_);
  ASSERT_TRUE(records.ok()) << records.status();
  std::vector<uint64_t> all;
  for (const auto& partition : *records) {
    for (const auto& [offset, digest] : partition) all.push_back(digest);
  }
  std::sort(all.begin(), all.end());
  std::vector<uint64_t> done = done_;
  std::sort(done.begin(), done.end());
  std::vector<uint64_t> missing;
  std::vector<uint64_t> doubled;
  std::set_difference(all.begin(), all.end(), done.begin(), done.end(), std::back_inserter(missing));
  std::set_difference(done.begin(), done.end(), all.begin(), all.end(), std::back_inserter(doubled));
  EXPECT_EQ(missing.size(), 0u) << "of " << all.size() << " records were never done";
  EXPECT_EQ(doubled.size(), 0u) << "of " << all.size() << " records were done twice, or do not exist";
}

void CutoverScene::ExpectCutoversUnderLoad(const std::string& topic, bool with_aborts) {
  constexpr int kCutovers = 3;
  ASSERT_NO_FATAL_FAILURE(Begin(topic));
  LoadOptions load = scene_->Load(topic_, kPartitions);
  load.records_per_second = 1'000;
  load.first_sequence = 1'000'000;
  load.value_bytes = 100;
  if (with_aborts) {
    load.records_per_transaction = 20;
    load.abort_share = 0.4;
  }
  ASSERT_NO_FATAL_FAILURE(StartProducer(load));
  std::vector<std::vector<uint64_t>> of_groups;
  for (int i = 0; i < kCutovers; ++i) {
    const std::string group = absl::StrCat(group_, i);
    done_.clear();
    ASSERT_NO_FATAL_FAILURE(Work(Where::kSource, group, 200 + random_() % 2'000));
    const absl::Time stopped = absl::Now();
    ASSERT_NO_FATAL_FAILURE(ExpectCutover(group));
    ASSERT_NO_FATAL_FAILURE(Work(Where::kTarget, group, 1));
    Figure("groups/cutover-without-a-consumer", absl::Now() - stopped);
    of_groups.push_back(done_);
  }
  ASSERT_NO_FATAL_FAILURE(StopProducer());
  for (int i = 0; i < kCutovers; ++i) {
    done_ = of_groups[i];
    ASSERT_NO_FATAL_FAILURE(WorkToTheEnd(Where::kTarget, absl::StrCat(group_, i)));
    ExpectEachOnce();
  }
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

CommandOutput CutoverScene::Cutover(std::vector<std::string> arguments, absl::Duration timeout) {
  arguments.insert(arguments.begin(), "cutover");
  return link_->Run(std::move(arguments), timeout);
}

void CutoverScene::ExpectCutover(const std::string& group, std::vector<std::string> arguments) {
  arguments.push_back("--group=" + group);
  // As the applications of these tests have it: auto.offset.reset=earliest.
  arguments.push_back("--missing=earliest");
  arguments.push_back("--wait=30s");
  const CommandOutput output = Cutover(std::move(arguments));
  ASSERT_EQ(output.code, 0) << output.text << "\n" << link_->process().LogTail();
}

Json CutoverScene::CutoverOf(const std::string& group) {
  const CommandOutput output = Cutover({"--status", "--json"});
  const Json status = Json::parse(output.text, nullptr, /*allow_exceptions=*/false);
  if (!status.is_object()) return Json::object();
  for (Json line : status.value("groups", Json::array())) {
    if (line.value("group", "") == group) return line;
  }
  return Json::object();
}

std::string CutoverScene::PhaseOf(const std::string& group) { return CutoverOf(group).value("phase", "none"); }

}  // namespace replicator::tests
