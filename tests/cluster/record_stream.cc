#include "tests/cluster/record_stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

constexpr size_t kMessagesPerPoll = 2000;

ClientProperties ConsumerProperties(const StreamOptions& options) {
  ClientProperties properties = {
      {"isolation.level", options.read_committed ? "read_committed" : "read_uncommitted"},
      {"enable.partition.eof", "true"},
      {"auto.offset.reset", "error"},
      {"check.crcs", "true"},
      // Bounds of what lies read but not visited, per partition.
      {"queued.max.messages.kbytes", "4096"},
      {"queued.min.messages", "20000"},
      // A partition whose queue was full would wait a second (the default) before it is fetched again.
      {"fetch.queue.backoff.ms", "5"},
      {"fetch.error.backoff.ms", "50"},
      {"fetch.wait.max.ms", "50"},
      {"receive.message.max.bytes", "200000000"},
      {"fetch.message.max.bytes", "2097152"},
      // A ZooKeeper broker that has just started says of every topic that there is none.
      {"topic.metadata.propagation.max.ms", "600000"},
  };
  for (const auto& [name, value] : options.client_properties) properties[name] = value;
  return properties;
}

// Errors after which librdkafka keeps trying by itself.
bool HealsByItself(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return false;
    default:
      return true;
  }
}

// Null and empty differ.
using Bytes = std::optional<absl::string_view>;

Bytes ToBytes(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return absl::string_view(static_cast<const char*>(data), size);
}

struct Timestamp {
  int64_t ms = 0;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
};

Timestamp TimestampOf(const rd_kafka_message_t& message) {
  Timestamp timestamp;
  timestamp.ms = rd_kafka_message_timestamp(&message, &timestamp.type);
  return timestamp;
}

using Header = std::pair<absl::string_view, Bytes>;

std::vector<Header> HeadersOf(const rd_kafka_message_t& message) {
  std::vector<Header> result;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return result;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    result.emplace_back(name, ToBytes(value, size));
  }
  return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordStream>> RecordStream::Open(const StreamOptions& options) {
  std::unique_ptr<RecordStream> stream(new RecordStream(options));
  absl::Status status = stream->Start();
  if (!status.ok()) return AsHarness(status);
  return stream;
}

RecordStream::~RecordStream() {
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].consuming) rd_kafka_consume_stop(states_[i].topic, options_.ranges[i].partition);
  }
  queue_.reset();
  for (const std::unique_ptr<Topic>& topic : topics_) rd_kafka_topic_destroy(topic->handle);
}

absl::Status RecordStream::Start() {
  absl::StatusOr<RdHandle> handle =
      NewClient(RD_KAFKA_CONSUMER, options_.bootstrap_servers, ConsumerProperties(options_));
  if (!handle.ok()) return handle.status();
  handle_ = *std::move(handle);
  queue_.reset(rd_kafka_queue_new(handle_.get()));
  states_.resize(options_.ranges.size());
  unfinished_ = options_.ranges.size();
  for (size_t i = 0; i < options_.ranges.size(); ++i) {
    absl::Status status = StartRange(i);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

RecordStream::Topic* RecordStream::FindTopic(const std::string& name) {
  for (const std::unique_ptr<Topic>& topic : topics_) {
    if (rd_kafka_topic_name(topic->handle) == name) return topic.get();
  }
  auto topic = std::make_unique<Topic>();
  // The opaque leads from a record to its topic's ranges without a look-up by name.
  rd_kafka_topic_conf_t* conf = rd_kafka_topic_conf_new();
  rd_kafka_topic_conf_set_opaque(conf, topic.get());
  char error[256];
  rd_kafka_topic_conf_set(conf, "auto.offset.reset", "error", error, sizeof(error));
  topic->handle = rd_kafka_topic_new(handle_.get(), name.c_str(), conf);
  if (topic->handle == nullptr) {
    rd_kafka_topic_conf_destroy(conf);
    return nullptr;
  }
  topics_.push_back(std::move(topic));
  return topics_.back().get();
}

absl::Status RecordStream::StartRange(size_t range) {
  const StreamRange& wanted = options_.ranges[range];
  if (wanted.start >= wanted.end) {
    Finish(range);
    return absl::OkStatus();
  }
  Topic* topic = FindTopic(wanted.topic);
  if (topic == nullptr) return ToStatus(rd_kafka_last_error(), wanted.topic);
  const size_t partition = static_cast<size_t>(wanted.partition);
  if (topic->range_of_partition.size() <= partition) topic->range_of_partition.resize(partition + 1, -1);
  topic->range_of_partition[partition] = static_cast<int64_t>(range);
  states_[range].topic = topic->handle;
  if (rd_kafka_consume_start_queue(topic->handle, wanted.partition, wanted.start, queue_.get()) != 0) {
    return ToStatus(rd_kafka_last_error(), absl::StrCat("reading ", wanted.topic, " ", wanted.partition));
  }
  states_[range].consuming = true;
  return absl::OkStatus();
}

void RecordStream::Finish(size_t range) {
  State& state = states_[range];
  if (state.finished) return;
  state.finished = true;
  --unfinished_;
  if (state.consuming) {
    rd_kafka_consume_stop(state.topic, options_.ranges[range].partition);
    state.consuming = false;
  }
}

absl::Status RecordStream::Poll(absl::Duration timeout,
                                absl::FunctionRef<void(size_t, const rd_kafka_message_t&)> visit) {
  rd_kafka_message_t* messages[kMessagesPerPoll];
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), ToMillis(timeout), messages, kMessagesPerPoll);
  if (count < 0) return AsHarness(ToStatus(rd_kafka_last_error(), "reading"));
  absl::Status status;
  for (ssize_t i = 0; i < count; ++i) {
    if (status.ok()) status = Visit(*messages[i], visit);
  }
  for (ssize_t i = 0; i < count; ++i) rd_kafka_message_destroy(messages[i]);
  // Reaching the end is seen after the batch: stopping a range purges its queue, not what this poll has taken.
  return AsHarness(status);
}

absl::Status RecordStream::Visit(const rd_kafka_message_t& message,
                                 absl::FunctionRef<void(size_t, const rd_kafka_message_t&)> visit) {
  if (message.rkt == nullptr) {
    return HealsByItself(message.err) ? absl::OkStatus()
                                      : ToStatus(message.err, "reading", rd_kafka_message_errstr(&message));
  }
  const Topic* topic = static_cast<const Topic*>(rd_kafka_topic_opaque(message.rkt));
  const size_t range = static_cast<size_t>(topic->range_of_partition.at(static_cast<size_t>(message.partition)));
  State& state = states_[range];
  if (state.finished) return absl::OkStatus();
  const StreamRange& wanted = options_.ranges[range];
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    state.at_end = true;
    // An end that was known before and is reached: behind it lie only markers and aborted records.
    if (wanted.end != INT64_MAX && message.offset >= wanted.end) Finish(range);
    return absl::OkStatus();
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (HealsByItself(message.err)) return absl::OkStatus();
    return ToStatus(message.err, absl::StrCat("reading ", wanted.topic, " ", wanted.partition),
                    rd_kafka_message_errstr(&message));
  }
  state.at_end = false;
  if (message.offset < wanted.end) visit(range, message);
  if (message.offset >= wanted.end - 1) Finish(range);
  return absl::OkStatus();
}

uint64_t RecordDigest(const rd_kafka_message_t& message, bool with_timestamp, bool with_offset) {
  uint64_t digest = absl::HashOf(ToBytes(message.key, message.key_len), ToBytes(message.payload, message.len));
  for (const auto& [name, value] : HeadersOf(message)) digest = absl::HashOf(digest, name, value);
  if (with_timestamp) {
    const Timestamp timestamp = TimestampOf(message);
    digest = absl::HashOf(digest, timestamp.ms, static_cast<int>(timestamp.type));
  }
  return with_offset ? absl::HashOf(digest, message.offset) : digest;
}

std::string DifferingFields(const rd_kafka_message_t& a, const rd_kafka_message_t& b, bool with_timestamp) {
  std::vector<std::string> fields;
  if (ToBytes(a.key, a.key_len) != ToBytes(b.key, b.key_len)) fields.push_back("key");
  if (ToBytes(a.payload, a.len) != ToBytes(b.payload, b.len)) fields.push_back("value");
  if (HeadersOf(a) != HeadersOf(b)) fields.push_back("headers");
  const Timestamp a_time = TimestampOf(a);
  const Timestamp b_time = TimestampOf(b);
  if (with_timestamp && a_time.ms != b_time.ms)
    fields.push_back(absl::StrCat("timestamp (", a_time.ms, ", ", b_time.ms, ")"));
  if (with_timestamp && a_time.type != b_time.type) fields.push_back("timestamp type");
  return absl::StrJoin(fields, " and ");
}

}  // namespace replicator::tests
