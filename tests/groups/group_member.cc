#include "tests/groups/group_member.h"

#include <librdkafka/rdkafka.h>

#include "absl/strings/str_cat.h"

namespace replicator::tests {
namespace {

constexpr int kPollMs = 100;
constexpr int kTransactionMs = 30'000;

using RdGroupMetadata =
    std::unique_ptr<rd_kafka_consumer_group_metadata_t, RdDelete<rd_kafka_consumer_group_metadata_destroy>>;

}  // namespace

absl::StatusOr<std::unique_ptr<GroupMember>> GroupMember::Join(const std::string& bootstrap_servers,
                                                               const std::string& group, const std::string& topic,
                                                               ClientProperties properties) {
  properties["group.id"] = group;
  properties["enable.auto.commit"] = "false";
  properties["auto.offset.reset"] = "earliest";
  absl::StatusOr<RdHandle> consumer = NewClient(RD_KAFKA_CONSUMER, bootstrap_servers, properties);
  if (!consumer.ok()) return consumer.status();
  rd_kafka_poll_set_consumer(consumer->get());
  const RdPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const absl::Status subscribed = ToStatus(rd_kafka_subscribe(consumer->get(), topics.get()), "subscribe");
  if (!subscribed.ok()) return subscribed;
  return std::unique_ptr<GroupMember>(new GroupMember(*std::move(consumer)));
}

GroupMember::GroupMember(RdHandle consumer) : consumer_(std::move(consumer)) {
  thread_ = std::thread([this] {
    while (!ends_) RdMessage(rd_kafka_consumer_poll(consumer_.get(), kPollMs));
    rd_kafka_consumer_close(consumer_.get());
  });
}

GroupMember::~GroupMember() {
  ends_ = true;
  thread_.join();
}

absl::Status GroupMember::Commit(const std::string& topic, int32_t partition, int64_t offset) {
  const RdPartitions offsets(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(offsets.get(), topic.c_str(), partition)->offset = offset;
  // Without a place in the group the commit would be one from outside.
  char* member_id = rd_kafka_memberid(consumer_.get());
  const bool has_joined = member_id != nullptr && *member_id != '\0';
  rd_kafka_mem_free(consumer_.get(), member_id);
  const RdPartitions assigned([&] {
    rd_kafka_topic_partition_list_t* list = nullptr;
    rd_kafka_assignment(consumer_.get(), &list);
    return list;
  }());
  if (!has_joined || assigned == nullptr || assigned->cnt == 0) return absl::UnavailableError("not a member yet");
  const absl::Status committed = ToStatus(rd_kafka_commit(consumer_.get(), offsets.get(), /*async=*/0), "commit");
  return committed.ok() ? ToStatus(offsets->elems[0].err, "commit") : committed;
}

absl::StatusOr<std::unique_ptr<OpenTransaction>> OpenTransaction::Send(const std::string& bootstrap_servers,
                                                                       const std::string& group,
                                                                       const std::string& topic, int32_t partition,
                                                                       int64_t offset) {
  absl::StatusOr<RdHandle> producer =
      NewClient(RD_KAFKA_PRODUCER, bootstrap_servers, {{"transactional.id", absl::StrCat("offsets-of-", group)}});
  if (!producer.ok()) return producer.status();
  RdError error(rd_kafka_init_transactions(producer->get(), kTransactionMs));
  if (error == nullptr) error.reset(rd_kafka_begin_transaction(producer->get()));
  if (error == nullptr) {
    const RdPartitions offsets(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(offsets.get(), topic.c_str(), partition)->offset = offset;
    const RdGroupMetadata metadata(rd_kafka_consumer_group_metadata_new(group.c_str()));
    error.reset(rd_kafka_send_offsets_to_transaction(producer->get(), offsets.get(), metadata.get(), kTransactionMs));
  }
  const absl::Status sent = ToStatus(error.get(), "send offsets to a transaction");
  if (!sent.ok()) return sent;
  return std::unique_ptr<OpenTransaction>(new OpenTransaction(*std::move(producer)));
}

absl::Status OpenTransaction::Commit() {
  const RdError error(rd_kafka_commit_transaction(producer_.get(), kTransactionMs));
  return ToStatus(error.get(), "commit the transaction");
}

}  // namespace replicator::tests
