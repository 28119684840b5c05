#include "replicator/memory/link_memory.h"

#include <glog/logging.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "replicator/base/exit_code.h"
#include "replicator/memory/logged_states.h"

namespace replicator {
namespace {

// Of each partition's offset map; a target that lost more records than these hold is taken up by their content.
constexpr size_t kChunksLoadedMax = 2;

// A process that uses the folder may take a file away while it is looked at.
constexpr int kReadTries = 5;
constexpr absl::Duration kReadInterval = absl::Milliseconds(100);

absl::StatusOr<std::map<std::string, offsets::TopicRecord>> TryTopicsIn(const std::string& folder) {
  absl::StatusOr<std::unique_ptr<offsets::Store>> store = offsets::Store::Open({.folder = folder, .read_only = true});
  if (!store.ok()) return store.status();
  return (*store)->LoadTopics();
}

std::string BytesOf(const kafka::Uuid& id) {
  return id == kafka::kNoUuid ? "" : std::string(reinterpret_cast<const char*>(id.data()), id.size());
}

kafka::Uuid IdOf(const std::string& bytes) {
  kafka::Uuid id = kafka::kNoUuid;
  if (bytes.size() == id.size()) std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

// Tells the operator where, and is nobody else's.
std::string NewInstanceId() {
  char host[HOST_NAME_MAX + 1] = {};
  gethostname(host, HOST_NAME_MAX);
  absl::BitGen random;
  return absl::StrCat(host, "-", absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LinkMemory>> LinkMemory::Open(const std::string& folder, rocksdb::Env* env) {
  absl::StatusOr<std::unique_ptr<offsets::Store>> store = offsets::Store::Open({.folder = folder, .env = env});
  if (!store.ok()) return StateFolderError(store.status());
  std::unique_ptr<LinkMemory> memory(new LinkMemory(folder, *std::move(store)));
  absl::Status loaded = memory->Load();
  if (!loaded.ok()) return StateFolderError(loaded);
  return memory;
}

absl::StatusOr<std::unique_ptr<LinkMemory>> LinkMemory::WithoutStore(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return absl::FailedPreconditionError(absl::StrCat("cannot make the folder ", folder, ": ", error.message()));
  return std::unique_ptr<LinkMemory>(new LinkMemory(folder, nullptr));
}

absl::StatusOr<std::map<std::string, offsets::TopicRecord>> LinkMemory::TopicsIn(const std::string& folder) {
  for (int tries = 1;; ++tries) {
    absl::StatusOr<std::map<std::string, offsets::TopicRecord>> topics = TryTopicsIn(folder);
    if (absl::IsNotFound(topics.status())) return std::map<std::string, offsets::TopicRecord>();
    if (topics.ok()) return topics;
    if (tries == kReadTries) return StateFolderError(topics.status());
    absl::SleepFor(kReadInterval);
  }
}

absl::Status LinkMemory::Load() {
  absl::StatusOr<std::optional<offsets::LinkRecord>> link = store_->LoadLink();
  if (!link.ok()) return link.status();
  absl::StatusOr<offsets::StoredOwnership> ownership = store_->LoadOwnership();
  if (!ownership.ok()) return ownership.status();
  link_ = *std::move(link);
  ownership_ = *ownership;
  return LoadStates();
}

absl::Status LinkMemory::LoadStates() {
  absl::StatusOr<std::map<std::string, offsets::TopicRecord>> topics = store_->LoadTopics();
  if (!topics.ok()) return topics.status();
  absl::StatusOr<std::map<offsets::PartitionKey, offsets::PartitionState>> partitions =
      store_->LoadPartitions(kChunksLoadedMax);
  if (!partitions.ok()) return partitions.status();
  topics_ = *std::move(topics);
  partitions_ = *std::move(partitions);
  for (const auto& [name, topic] : topics_) next_topic_ = std::max(next_topic_, topic.number + 1);
  for (const auto& [key, state] : partitions_) {
    if (!state.eras.empty()) begun_.insert(key.topic);
  }
  return absl::OkStatus();
}

absl::Status LinkMemory::RememberOwnership(const offsets::StoredOwnership& ownership) {
  absl::Status saved = store_ == nullptr ? absl::OkStatus() : StateFolderError(store_->SaveOwnership(ownership));
  if (saved.ok()) ownership_ = ownership;
  return saved;
}

absl::Status LinkMemory::ReplaceBy(const std::map<std::string, std::string>& records) {
  absl::StatusOr<offsets::StoreContent> content = ToStoreContent(records, topics_, next_topic_);
  if (!content.ok()) return absl::FailedPreconditionError(content.status().message());
  absl::Status replaced = StateFolderError(store_->Replace(*content));
  if (!replaced.ok()) return replaced;
  begun_.clear();
  return StateFolderError(LoadStates());
}

absl::Status LinkMemory::AddStates(std::vector<LinkLog::Record>& records) const {
  return store_ == nullptr ? absl::OkStatus() : StateFolderError(ToLogged(*store_, records));
}

bool LinkMemory::HasBegun(const std::string& topic) const {
  auto found = topics_.find(topic);
  return found != topics_.end() && begun_.contains(found->second.number);
}

absl::Status LinkMemory::Recognise(const offsets::LinkRecord& now, const std::string& file_name) {
  if (!link_.has_value()) {
    offsets::LinkRecord link = now;
    link.instance_id = NewInstanceId();
    return Remember(std::move(link));
  }
  if (link_->source_cluster_id != now.source_cluster_id || link_->target_cluster_id != now.target_cluster_id) {
    return absl::AbortedError(absl::StrCat(
        "the state folder ", folder_, " belongs to a link from cluster ", link_->source_cluster_id, " to ",
        link_->target_cluster_id, ", but ", file_name, " leads from ", now.source_cluster_id, " to ",
        now.target_cluster_id, ". Correct the bootstrap servers, or use another --state-dir for this link"));
  }
  if (link_->isolation_level != now.isolation_level) {
    return absl::FailedPreconditionError(absl::StrCat(
        "this link has copied with isolation.level=", link_->isolation_level, ", and ", file_name, " asks for ",
        now.isolation_level,
        " now: half of a copy would hold aborted records and half would not. Write the old level, or copy anew with "
        "another --state-dir and empty target topics"));
  }
  return absl::OkStatus();
}

absl::Status LinkMemory::Remember(offsets::LinkRecord link) {
  // What else is in it helps the next start, and is got anew if a power cut takes it.
  const bool must_sync = link.producer.id >= 0 && (!link_.has_value() || link.producer != link_->producer);
  absl::Status saved = store_ == nullptr ? absl::OkStatus() : StateFolderError(store_->SaveLink(link, must_sync));
  if (saved.ok()) link_ = std::move(link);
  return saved;
}

absl::Status LinkMemory::SaveTopics(const std::map<std::string, offsets::TopicRecord>& topics, bool must_sync) {
  if (store_ == nullptr || topics.empty()) return absl::OkStatus();
  absl::Status saved = StateFolderError(store_->SaveTopics(topics, must_sync));
  if (!saved.ok() || log_ == nullptr) return saved;
  std::vector<LinkLog::Record> records;
  for (const auto& [name, topic] : topics) records.push_back(LoggedRecordOf(name, topic));
  log_->Write(std::move(records), nullptr);
  return saved;
}

// The topic's record, brought up to what can be known now.
offsets::TopicRecord& LinkMemory::TopicOf(const Assignment& assignment) {
  auto [found, is_new] = topics_.try_emplace(assignment.source_topic);
  offsets::TopicRecord& topic = found->second;
  bool is_changed = is_new;
  if (is_new) {
    topic.number = next_topic_++;
    topic.target_name = assignment.target_topic;
  }
  // Brokers that are upgraded give ids to topics that had none.
  for (auto& [known, seen] :
       {std::pair<std::string&, std::string>{topic.source_id, BytesOf(assignment.source_topic_id)},
        {topic.target_id, BytesOf(assignment.target_topic_id)}}) {
    if (!known.empty() || seen.empty()) continue;
    known = seen;
    is_changed = true;
  }
  if (is_changed) unsaved_topics_[assignment.source_topic] = topic;
  return topic;
}

absl::Status LinkMemory::Accept(const Assignment& assignment) {
  offsets::TopicRecord topic = topics_.at(assignment.source_topic);
  topic.source_id = BytesOf(assignment.source_topic_id);
  topic.target_id = BytesOf(assignment.target_topic_id);
  absl::Status saved = SaveTopics({{assignment.source_topic, topic}}, /*must_sync=*/true);
  if (saved.ok()) topics_[assignment.source_topic] = std::move(topic);
  return saved;
}

absl::Status LinkMemory::Complete(std::vector<Assignment>& assignments) {
  std::erase_if(assignments, [&](Assignment& assignment) {
    const offsets::TopicRecord& topic = TopicOf(assignment);
    if (topic.target_name != assignment.target_topic) {
      const std::string why = absl::StrCat(
          "it was copied into ", topic.target_name, " so far, and the file asks for ", assignment.target_topic,
          " now. Write the old replication policy, or use another --state-dir to copy it anew");
      if (refused_.try_emplace(assignment.source_topic, why).second)
        LOG(ERROR) << "topic " << assignment.source_topic << " is not copied: " << why;
      return true;
    }
    assignment.key = {topic.number, assignment.partition};
    if (!topic.source_id.empty()) assignment.source_topic_id = IdOf(topic.source_id);
    if (!topic.target_id.empty()) assignment.target_topic_id = IdOf(topic.target_id);
    auto stored = partitions_.find(assignment.key);
    if (stored == partitions_.end()) return false;
    assignment.stored = std::make_shared<const offsets::PartitionState>(std::move(stored->second));
    partitions_.erase(stored);
    return false;
  });
  absl::Status saved = SaveTopics(unsaved_topics_, /*must_sync=*/false);
  if (saved.ok()) unsaved_topics_.clear();
  return saved;
}

}  // namespace replicator
