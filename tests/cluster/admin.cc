#include "tests/cluster/admin.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "tests/cluster/admin_request.h"
#include "tests/cluster/process.h"
#include "tests/cluster/rdkafka_handle.h"
#include "tests/cluster/retry.h"

namespace replicator::tests {
namespace {

// One question to one broker, which may be dying.
constexpr absl::Duration kBrokerTry = absl::Seconds(1);
constexpr absl::Duration kElectionWait = absl::Seconds(3);
// A controller on ZooKeeper makes a few dozen topics per second.
constexpr size_t kTopicsPerRequest = 50;

using RdNewTopic = std::unique_ptr<rd_kafka_NewTopic_t, RdDelete<rd_kafka_NewTopic_destroy>>;
using RdDeleteTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, RdDelete<rd_kafka_DeleteTopic_destroy>>;
using RdNewPartitions = std::unique_ptr<rd_kafka_NewPartitions_t, RdDelete<rd_kafka_NewPartitions_destroy>>;
using RdConfigResource = std::unique_ptr<rd_kafka_ConfigResource_t, RdDelete<rd_kafka_ConfigResource_destroy>>;
using RdDeleteRecords = std::unique_ptr<rd_kafka_DeleteRecords_t, RdDelete<rd_kafka_DeleteRecords_destroy>>;
using RdElectLeaders = std::unique_ptr<rd_kafka_ElectLeaders_t, RdDelete<rd_kafka_ElectLeaders_destroy>>;
using RdAlterOffsets =
    std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t, RdDelete<rd_kafka_AlterConsumerGroupOffsets_destroy>>;
using RdListOffsets =
    std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, RdDelete<rd_kafka_ListConsumerGroupOffsets_destroy>>;

std::string AddressOf(const rd_kafka_metadata_broker& broker) { return absl::StrCat(broker.host, ":", broker.port); }

bool HasAddress(rd_kafka_t* handle, const std::string& address) {
  absl::StatusOr<RdMetadata> metadata = FetchMetadata(handle, ClusterAdmin::kRequestTimeout);
  if (!metadata.ok()) return true;
  const rd_kafka_metadata_broker* brokers = (*metadata)->brokers;
  return std::any_of(brokers, brokers + (*metadata)->broker_cnt,
                     [&](const rd_kafka_metadata_broker& broker) { return AddressOf(broker) == address; });
}

TopicState ToTopicState(const rd_kafka_metadata_topic& topic) {
  TopicState state;
  state.name = topic.topic;
  state.partitions.resize(topic.partition_cnt);
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const rd_kafka_metadata_partition& partition = topic.partitions[i];
    if (partition.id < 0 || partition.id >= topic.partition_cnt) continue;
    PartitionState& entry = state.partitions[partition.id];
    entry.partition = partition.id;
    entry.leader = partition.leader;
    entry.replicas.assign(partition.replicas, partition.replicas + partition.replica_cnt);
    entry.isr.assign(partition.isrs, partition.isrs + partition.isr_cnt);
  }
  return state;
}

bool HasFullIsr(const TopicState& topic) {
  return std::all_of(topic.partitions.begin(), topic.partitions.end(), [](const PartitionState& partition) {
    return partition.leader >= 0 && partition.isr.size() == partition.replicas.size();
  });
}

std::string Describe(const TopicState& topic) {
  return absl::StrJoin(topic.partitions, "; ", [](std::string* out, const PartitionState& partition) {
    absl::StrAppend(out, "partition ", partition.partition, " leader ", partition.leader, " isr ",
                    absl::StrJoin(partition.isr, ","), " of ", absl::StrJoin(partition.replicas, ","));
  });
}

absl::StatusOr<TopicState> FindTopic(const rd_kafka_metadata_t& metadata, const std::string& topic) {
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    if (metadata.topics[i].topic == topic) return ToTopicState(metadata.topics[i]);
  }
  return absl::NotFoundError(absl::StrCat("no topic ", topic));
}

// Waits until each broker gives an answer about the topic that `accepted` takes: metadata reaches brokers one after the
// other, and the next question may go to any of them. Brokers that leave the cluster meanwhile do not count.
absl::Status WaitOnEachBroker(rd_kafka_t* handle, const std::string& topic, absl::string_view what,
                              absl::FunctionRef<bool(const absl::StatusOr<TopicState>&)> accepted) {
  absl::StatusOr<RdMetadata> metadata = FetchMetadata(handle, ClusterAdmin::kPatience);
  if (!metadata.ok()) return metadata.status();
  for (int i = 0; i < (*metadata)->broker_cnt; ++i) {
    const std::string address = AddressOf((*metadata)->brokers[i]);
    // A new client's first connection is to the one address that it knows.
    absl::StatusOr<RdHandle> client = NewClient(RD_KAFKA_PRODUCER, address, {});
    if (!client.ok()) return client.status();
    std::string seen = "no answer";
    auto settled = [&] {
      absl::StatusOr<RdMetadata> answer = FetchMetadata(client->get(), kBrokerTry);
      if (!answer.ok()) return !HasAddress(handle, address);
      const absl::StatusOr<TopicState> state = FindTopic(**answer, topic);
      seen = state.ok() ? Describe(*state) : state.status().ToString();
      return accepted(state);
    };
    if (!WaitFor(settled, ClusterAdmin::kPatience)) {
      return absl::DeadlineExceededError(absl::StrCat(what, ": broker ", address, " says ", seen));
    }
  }
  return absl::OkStatus();
}

absl::Status WaitForTopicEverywhere(rd_kafka_t* handle, const std::string& topic, int partitions,
                                    absl::string_view what) {
  return WaitOnEachBroker(handle, topic, what, [&](const absl::StatusOr<TopicState>& state) {
    return state.ok() && static_cast<int>(state->partitions.size()) == partitions && HasFullIsr(*state);
  });
}

absl::StatusOr<RdNewTopic> ToNewTopic(const TopicSpec& spec) {
  char error[256] = "";
  const bool manual = !spec.replicas.empty();
  const int partitions = manual ? static_cast<int>(spec.replicas.size()) : spec.partitions;
  RdNewTopic topic(rd_kafka_NewTopic_new(spec.name.c_str(), partitions, manual ? -1 : spec.replication_factor, error,
                                         sizeof(error)));
  if (topic == nullptr) return absl::InvalidArgumentError(absl::StrCat("topic ", spec.name, ": ", error));
  for (const auto& [name, value] : spec.configs) {
    const rd_kafka_resp_err_t set = rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
    if (set != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(set, absl::StrCat("config ", name));
  }
  for (size_t i = 0; i < spec.replicas.size(); ++i) {
    std::vector<int32_t> brokers(spec.replicas[i].begin(), spec.replicas[i].end());
    const rd_kafka_resp_err_t set = rd_kafka_NewTopic_set_replica_assignment(
        topic.get(), static_cast<int32_t>(i), brokers.data(), brokers.size(), error, sizeof(error));
    if (set != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(set, "replica assignment", error);
  }
  return topic;
}

// Asks for the topics; the controller's answer does not wait for their leaders. `again`: an answer was lost, and what
// it has made is there.
absl::Status RequestTopics(rd_kafka_t* handle, absl::Span<const TopicSpec> specs, bool again) {
  const std::string what =
      specs.size() == 1 ? absl::StrCat("CreateTopics ", specs[0].name) : absl::StrCat("CreateTopics of ", specs.size());
  std::vector<RdNewTopic> topics;
  std::vector<rd_kafka_NewTopic_t*> pointers;
  for (const TopicSpec& spec : specs) {
    absl::StatusOr<RdNewTopic> topic = ToNewTopic(spec);
    if (!topic.ok()) return topic.status();
    pointers.push_back(topic->get());
    topics.push_back(*std::move(topic));
  }
  absl::StatusOr<RdEvent> event =
      Ask(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS, what, [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
        rd_kafka_CreateTopics(handle, pointers.data(), pointers.size(), options, queue);
      });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  return TopicError(results, count, what, again ? RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS : RD_KAFKA_RESP_ERR_NO_ERROR);
}

// Asks ListOffsets for all partitions of a topic: offset_spec is EARLIEST or LATEST.
absl::StatusOr<std::vector<int64_t>> ListTopicOffsets(rd_kafka_t* handle, const TopicState& topic,
                                                      rd_kafka_OffsetSpec_t offset_spec, bool read_committed) {
  const std::string what = absl::StrCat("ListOffsets of ", topic.name);
  RdPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(topic.partitions.size())));
  for (const PartitionState& partition : topic.partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.name.c_str(), partition.partition)->offset = offset_spec;
  }
  absl::StatusOr<RdEvent> event =
      Ask(handle, RD_KAFKA_ADMIN_OP_LISTOFFSETS, what, [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
        RdError refused(rd_kafka_AdminOptions_set_isolation_level(
            options,
            read_committed ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED));
        rd_kafka_ListOffsets(handle, list.get(), options, queue);
      });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_ListOffsetsResultInfo_t** infos =
      rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event->get()), &count);
  std::vector<int64_t> offsets(topic.partitions.size(), -1);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_topic_partition_t* partition = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    absl::Status status = ToStatus(partition->err, absl::StrCat(what, " partition ", partition->partition));
    if (!status.ok()) return status;
    // librdkafka 2.8 leaves what a leader did not answer as it was asked for, without an error.
    if (partition->offset < 0) return absl::UnavailableError(absl::StrCat(what, ": no answer from a leader"));
    offsets.at(partition->partition) = partition->offset;
  }
  return offsets;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ClusterAdmin>> ClusterAdmin::Create(
    const std::string& bootstrap_servers, const std::map<std::string, std::string>& client_properties) {
  ClientProperties properties = {{"socket.timeout.ms", absl::StrCat(ToMillis(kRequestTimeout))}};
  // Metadata requests go again to the broker that answered before; only this timeout makes librdkafka leave one that
  // hangs.
  ClientProperties metadata_properties = {{"socket.timeout.ms", absl::StrCat(ToMillis(kMetadataTry))}};
  for (const auto& [name, value] : client_properties) properties[name] = metadata_properties[name] = value;
  absl::StatusOr<RdHandle> handle = NewClient(RD_KAFKA_PRODUCER, bootstrap_servers, properties);
  if (!handle.ok()) return handle.status();
  absl::StatusOr<RdHandle> metadata_handle = NewClient(RD_KAFKA_PRODUCER, bootstrap_servers, metadata_properties);
  if (!metadata_handle.ok()) return metadata_handle.status();
  return std::unique_ptr<ClusterAdmin>(new ClusterAdmin(handle->release(), metadata_handle->release()));
}

ClusterAdmin::~ClusterAdmin() {
  DestroyInBackground(handle_);
  DestroyInBackground(metadata_handle_);
}

absl::StatusOr<std::vector<int>> ClusterAdmin::Brokers(absl::Duration timeout) {
  absl::StatusOr<RdMetadata> metadata = FetchMetadata(metadata_handle_, timeout);
  if (!metadata.ok()) return AsHarness(metadata.status());
  std::vector<int> ids;
  for (int i = 0; i < (*metadata)->broker_cnt; ++i) ids.push_back((*metadata)->brokers[i].id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

absl::StatusOr<std::string> ClusterAdmin::ClusterId(absl::Duration timeout) {
  char* id = rd_kafka_clusterid(metadata_handle_, ToMillis(timeout));
  if (id == nullptr) return AsHarness(absl::DeadlineExceededError("no cluster id: no broker has answered"));
  std::string result(id);
  rd_kafka_mem_free(metadata_handle_, id);
  return result;
}

absl::StatusOr<int> ClusterAdmin::ControllerId(absl::Duration timeout) {
  const int32_t id = rd_kafka_controllerid(metadata_handle_, ToMillis(timeout));
  if (id < 0) return AsHarness(absl::DeadlineExceededError("no controller id: no broker has answered"));
  return id;
}

absl::Status ClusterAdmin::CreateTopic(const TopicSpec& spec) {
  bool again = false;
  absl::Status status = Retry(patience_, [&] {
    return RequestTopics(handle_, {&spec, 1}, std::exchange(again, true));
  });
  if (!status.ok()) return status;
  // A topic that another one has made meanwhile would have other partitions, or is as good.
  const int partitions = spec.replicas.empty() ? spec.partitions : static_cast<int>(spec.replicas.size());
  return AsHarness(
      WaitForTopicEverywhere(metadata_handle_, spec.name, partitions, absl::StrCat("CreateTopics ", spec.name)));
}

absl::Status ClusterAdmin::CreateTopics(const std::vector<TopicSpec>& specs, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::set<std::string> missing;
  const auto led = [&] {
    absl::StatusOr<std::vector<TopicState>> topics = ListTopics();
    if (!topics.ok()) return false;
    for (const TopicState& topic : *topics) {
      if (HasFullIsr(topic)) missing.erase(topic.name);
    }
    return missing.empty();
  };
  // One request after the other: a controller that is given all at once answers too late.
  for (size_t begin = 0; begin < specs.size(); begin += kTopicsPerRequest) {
    const absl::Span<const TopicSpec> some = absl::MakeSpan(specs).subspan(begin, kTopicsPerRequest);
    bool again = false;
    absl::Status status = Retry(patience_, [&] { return RequestTopics(handle_, some, std::exchange(again, true)); });
    if (!status.ok()) return status;
    for (const TopicSpec& spec : some) missing.insert(spec.name);
    if (!WaitFor(led, deadline - absl::Now())) {
      return AsHarness(
          absl::DeadlineExceededError(absl::StrCat("CreateTopics: ", missing.size(), " topics have no leaders yet")));
    }
  }
  return absl::OkStatus();
}

absl::Status ClusterAdmin::DeleteTopic(const std::string& topic) {
  const std::string what = absl::StrCat("DeleteTopics ", topic);
  RdDeleteTopic request(rd_kafka_DeleteTopic_new(topic.c_str()));
  rd_kafka_DeleteTopic_t* topics[] = {request.get()};
  bool again = false;
  absl::Status status = Retry(patience_, [&] {
    absl::StatusOr<RdEvent> event = Ask(handle_, RD_KAFKA_ADMIN_OP_DELETETOPICS, what,
                                        [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                          rd_kafka_DeleteTopics(handle_, topics, 1, options, queue);
                                        });
    // After a lost answer the topic may be gone already.
    const bool may_be_gone = std::exchange(again, true);
    if (!event.ok()) return event.status();
    size_t count = 0;
    const rd_kafka_topic_result_t** results =
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
    return TopicError(results, count, what,
                      may_be_gone ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR);
  });
  if (!status.ok()) return status;
  return AsHarness(WaitOnEachBroker(metadata_handle_, topic, what, [](const absl::StatusOr<TopicState>& state) {
    return absl::IsNotFound(state.status());
  }));
}

absl::Status ClusterAdmin::CreatePartitions(const std::string& topic, int partitions_total) {
  const std::string what = absl::StrCat("CreatePartitions ", topic);
  char error[256] = "";
  RdNewPartitions request(rd_kafka_NewPartitions_new(topic.c_str(), partitions_total, error, sizeof(error)));
  if (request == nullptr) return absl::InvalidArgumentError(absl::StrCat(what, ": ", error));
  rd_kafka_NewPartitions_t* requests[] = {request.get()};
  bool again = false;
  absl::Status status = Retry(patience_, [&] {
    absl::StatusOr<RdEvent> event = Ask(handle_, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, what,
                                        [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                          rd_kafka_CreatePartitions(handle_, requests, 1, options, queue);
                                        });
    // After a lost answer the topic may have them already; the wait below looks.
    const bool may_be_there = std::exchange(again, true);
    if (!event.ok()) return event.status();
    size_t count = 0;
    const rd_kafka_topic_result_t** results =
        rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event->get()), &count);
    return TopicError(results, count, what,
                      may_be_there ? RD_KAFKA_RESP_ERR_INVALID_PARTITIONS : RD_KAFKA_RESP_ERR_NO_ERROR);
  });
  if (!status.ok()) return status;
  return AsHarness(WaitForTopicEverywhere(metadata_handle_, topic, partitions_total, what));
}

absl::StatusOr<std::vector<TopicState>> ClusterAdmin::ListTopics() {
  absl::StatusOr<RdMetadata> metadata = FetchMetadata(metadata_handle_, std::max(patience_, kMetadataTry));
  if (!metadata.ok()) return AsHarness(metadata.status());
  std::vector<TopicState> topics;
  for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = (*metadata)->topics[i];
    if (!absl::StartsWith(topic.topic, "__")) topics.push_back(ToTopicState(topic));
  }
  return topics;
}

absl::StatusOr<TopicState> ClusterAdmin::DescribeTopic(const std::string& topic) {
  absl::StatusOr<RdMetadata> metadata = FetchMetadata(metadata_handle_, std::max(patience_, kMetadataTry));
  if (!metadata.ok()) return AsHarness(metadata.status());
  return FindTopic(**metadata, topic);
}

absl::StatusOr<int> ClusterAdmin::Leader(const std::string& topic, int partition) {
  absl::StatusOr<TopicState> state = DescribeTopic(topic);
  if (!state.ok()) return state.status();
  if (partition < 0 || partition >= static_cast<int>(state->partitions.size())) {
    return absl::NotFoundError(absl::StrCat("topic ", topic, " has no partition ", partition));
  }
  return state->partitions[partition].leader;
}

absl::StatusOr<std::map<std::string, std::string>> ClusterAdmin::TopicOverrides(const std::string& topic) {
  const std::string what = absl::StrCat("DescribeConfigs ", topic);
  RdConfigResource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  return Retry(patience_, [&]() -> absl::StatusOr<std::map<std::string, std::string>> {
    absl::StatusOr<RdEvent> event = Ask(handle_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, what,
                                        [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                          rd_kafka_DescribeConfigs(handle_, resources, 1, options, queue);
                                        });
    if (!event.ok()) return event.status();
    size_t count = 0;
    const rd_kafka_ConfigResource_t** answers =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
    std::map<std::string, std::string> overrides;
    for (size_t i = 0; i < count; ++i) {
      const char* text = rd_kafka_ConfigResource_error_string(answers[i]);
      absl::Status status = ToStatus(rd_kafka_ConfigResource_error(answers[i]), what, text == nullptr ? "" : text);
      if (!status.ok()) return status;
      size_t entries = 0;
      const rd_kafka_ConfigEntry_t** configs = rd_kafka_ConfigResource_configs(answers[i], &entries);
      for (size_t j = 0; j < entries; ++j) {
        if (rd_kafka_ConfigEntry_source(configs[j]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG) continue;
        const char* value = rd_kafka_ConfigEntry_value(configs[j]);
        overrides[rd_kafka_ConfigEntry_name(configs[j])] = value == nullptr ? "" : value;
      }
    }
    return overrides;
  });
}

absl::Status ClusterAdmin::AlterTopicConfigs(const std::string& topic,
                                             const std::map<std::string, std::optional<std::string>>& configs) {
  const std::string what = absl::StrCat("IncrementalAlterConfigs ", topic);
  RdConfigResource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  for (const auto& [name, value] : configs) {
    RdError error(rd_kafka_ConfigResource_add_incremental_config(
        resource.get(), name.c_str(), value ? RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET : RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE,
        value ? value->c_str() : nullptr));
    if (error != nullptr) return ToStatus(error.get(), what);
  }
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  return Retry(patience_, [&]() -> absl::Status {
    absl::StatusOr<RdEvent> event = Ask(handle_, RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, what,
                                        [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                          rd_kafka_IncrementalAlterConfigs(handle_, resources, 1, options, queue);
                                        });
    if (!event.ok()) return event.status();
    size_t count = 0;
    const rd_kafka_ConfigResource_t** answers = rd_kafka_IncrementalAlterConfigs_result_resources(
        rd_kafka_event_IncrementalAlterConfigs_result(event->get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const char* text = rd_kafka_ConfigResource_error_string(answers[i]);
      absl::Status status = ToStatus(rd_kafka_ConfigResource_error(answers[i]), what, text == nullptr ? "" : text);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<OffsetRange>> ClusterAdmin::Offsets(const std::string& topic, bool read_committed) {
  // The leaders are looked up anew in each try: an answer is refused because they have moved.
  return Retry(patience_, [&]() -> absl::StatusOr<std::vector<OffsetRange>> {
    absl::StatusOr<TopicState> state = DescribeTopic(topic);
    if (!state.ok()) return state.status();
    absl::StatusOr<std::vector<int64_t>> starts =
        ListTopicOffsets(handle_, *state, RD_KAFKA_OFFSET_SPEC_EARLIEST, read_committed);
    if (!starts.ok()) return starts.status();
    absl::StatusOr<std::vector<int64_t>> ends =
        ListTopicOffsets(handle_, *state, RD_KAFKA_OFFSET_SPEC_LATEST, read_committed);
    if (!ends.ok()) return ends.status();
    std::vector<OffsetRange> ranges(starts->size());
    for (size_t i = 0; i < ranges.size(); ++i) ranges[i] = {.start = (*starts)[i], .end = (*ends)[i]};
    return ranges;
  });
}

absl::Status ClusterAdmin::DeleteRecords(const std::string& topic, int partition, int64_t before_offset) {
  const std::string what = absl::StrCat("DeleteRecords ", topic);
  RdPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset =
      before_offset < 0 ? RD_KAFKA_OFFSET_END : before_offset;
  RdDeleteRecords request(rd_kafka_DeleteRecords_new(list.get()));
  rd_kafka_DeleteRecords_t* requests[] = {request.get()};
  return Retry(patience_, [&]() -> absl::Status {
    absl::StatusOr<RdEvent> event = Ask(handle_, RD_KAFKA_ADMIN_OP_DELETERECORDS, what,
                                        [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                          rd_kafka_DeleteRecords(handle_, requests, 1, options, queue);
                                        });
    if (!event.ok()) return event.status();
    return PartitionError(rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get())),
                          what);
  });
}

absl::Status ClusterAdmin::CommitGroupOffsets(const std::string& group, const std::string& topic,
                                              const std::map<int, int64_t>& offsets) {
  const std::string what = absl::StrCat("OffsetCommit of group ", group);
  RdPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  }
  RdAlterOffsets request(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get()));
  rd_kafka_AlterConsumerGroupOffsets_t* requests[] = {request.get()};
  return Retry(patience_, [&]() -> absl::Status {
    absl::StatusOr<RdEvent> event = Ask(handle_, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, what,
                                        [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                          rd_kafka_AlterConsumerGroupOffsets(handle_, requests, 1, options, queue);
                                        });
    if (!event.ok()) return event.status();
    size_t count = 0;
    const rd_kafka_group_result_t** results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event->get()), &count);
    for (size_t i = 0; i < count; ++i) {
      absl::Status status = ToStatus(rd_kafka_group_result_error(results[i]), what);
      if (!status.ok()) return status;
      status = PartitionError(rd_kafka_group_result_partitions(results[i]), what);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::map<int, int64_t>> ClusterAdmin::GroupOffsets(const std::string& group, const std::string& topic) {
  const std::string what = absl::StrCat("OffsetFetch of group ", group);
  RdListOffsets request(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr));
  rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
  return Retry(patience_, [&]() -> absl::StatusOr<std::map<int, int64_t>> {
    absl::StatusOr<RdEvent> event = Ask(handle_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, what,
                                        [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                          rd_kafka_ListConsumerGroupOffsets(handle_, requests, 1, options, queue);
                                        });
    if (!event.ok()) return event.status();
    size_t count = 0;
    const rd_kafka_group_result_t** results = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
    std::map<int, int64_t> offsets;
    for (size_t i = 0; i < count; ++i) {
      absl::Status status = ToStatus(rd_kafka_group_result_error(results[i]), what);
      if (!status.ok()) return status;
      const rd_kafka_topic_partition_list_t* list = rd_kafka_group_result_partitions(results[i]);
      for (int j = 0; list != nullptr && j < list->cnt; ++j) {
        if (list->elems[j].topic == topic) offsets[list->elems[j].partition] = list->elems[j].offset;
      }
    }
    return offsets;
  });
}

absl::Status ClusterAdmin::ElectPreferredLeaders(const std::string& topic) {
  const std::string what = absl::StrCat("ElectLeaders ", topic);
  absl::StatusOr<TopicState> state = DescribeTopic(topic);
  if (!state.ok()) return state.status();
  RdPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(state->partitions.size())));
  for (const PartitionState& partition : state->partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition.partition);
  }
  RdElectLeaders request(rd_kafka_ElectLeaders_new(RD_KAFKA_ELECTION_TYPE_PREFERRED, list.get()));
  std::string seen;
  // The answer names partitions that needed no election as errors (ELECTION_NOT_NEEDED); the leaders themselves decide.
  auto all_preferred = [&] {
    absl::StatusOr<TopicState> now = DescribeTopic(topic);
    if (!now.ok()) return false;
    seen = Describe(*now);
    return std::all_of(now->partitions.begin(), now->partitions.end(), [](const PartitionState& partition) {
      return !partition.replicas.empty() && partition.leader == partition.replicas.front();
    });
  };
  // A broker that was the controller a moment ago refuses, and so does one to which the preferred leader is not back.
  absl::Status refused;
  for (const absl::Time deadline = absl::Now() + patience_; absl::Now() < deadline;) {
    absl::StatusOr<RdEvent> event = Ask(handle_, RD_KAFKA_ADMIN_OP_ELECTLEADERS, what,
                                        [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                          rd_kafka_ElectLeaders(handle_, request.get(), options, queue);
                                        });
    refused = event.status();
    if (!refused.ok() && !CanPass(refused)) return refused;
    if (WaitFor(all_preferred, kElectionWait)) return absl::OkStatus();
  }
  return AsHarness(absl::DeadlineExceededError(absl::StrCat(what, ": ", seen, refused.ok() ? "" : refused.ToString())));
}

absl::Status ClusterAdmin::WaitForFullIsr(const std::string& topic, absl::Duration timeout) {
  std::string seen = "the topic was not seen";
  auto full = [&] {
    absl::StatusOr<TopicState> state = DescribeTopic(topic);
    if (state.ok()) seen = Describe(*state);
    return state.ok() && !state->partitions.empty() && HasFullIsr(*state);
  };
  if (WaitFor(full, timeout)) return absl::OkStatus();
  return AsHarness(absl::DeadlineExceededError(absl::StrCat("full ISR of ", topic, ": ", seen)));
}

absl::StatusOr<int> ClusterAdmin::WaitForLeader(const std::string& topic, int partition, int old_leader,
                                                absl::Duration timeout) {
  absl::StatusOr<int> leader = absl::UnknownError("not asked");
  auto has_new_leader = [&] {
    leader = Leader(topic, partition);
    return leader.ok() && *leader >= 0 && *leader != old_leader;
  };
  if (WaitFor(has_new_leader, timeout)) return leader;
  return AsHarness(absl::DeadlineExceededError(absl::StrCat(
      "leader of ", topic, " ", partition, ": ", leader.ok() ? absl::StrCat(*leader) : leader.status().ToString())));
}

}  // namespace replicator::tests
