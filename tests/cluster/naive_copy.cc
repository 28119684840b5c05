#include "tests/cluster/naive_copy.h"

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/rdkafka_handle.h"
#include "tests/cluster/record_stream.h"

namespace replicator::tests {
namespace {

constexpr absl::Duration kCopyTimeout = absl::Minutes(2);

std::optional<std::string> ToOptional(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

CopiedRecord FromMessage(const rd_kafka_message_t& message) {
  CopiedRecord record;
  record.partition = message.partition;
  record.source_offset = message.offset;
  record.key = ToOptional(message.key, message.key_len);
  record.value = ToOptional(message.payload, message.len);
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    record.headers.emplace_back(name, ToOptional(value, size));
  }
  return record;
}

// librdkafka takes a null pointer for null and any other for an empty string.
void* DataOf(const std::optional<std::string>& bytes) {
  return bytes.has_value() ? const_cast<char*>(bytes->data()) : nullptr;
}

size_t SizeOf(const std::optional<std::string>& bytes) { return bytes.has_value() ? bytes->size() : 0; }

absl::Status Produce(rd_kafka_t* producer, const std::string& topic, const CopiedRecord& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.c_str(), static_cast<ssize_t>(name.size()), DataOf(value),
                        static_cast<ssize_t>(SizeOf(value)));
  }
  while (true) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(DataOf(record.key), SizeOf(record.key)),
        RD_KAFKA_V_VALUE(DataOf(record.value), SizeOf(record.value)), RD_KAFKA_V_TIMESTAMP(record.timestamp_ms),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_headers_destroy(headers);
      return ToStatus(error, "copying");
    }
    rd_kafka_poll(producer, 10);
  }
}

absl::StatusOr<std::vector<StreamRange>> SourceRanges(const NaiveCopyOptions& options) {
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(options.source_bootstrap_servers);
  if (!admin.ok()) return admin.status();
  absl::StatusOr<std::vector<OffsetRange>> offsets = (*admin)->Offsets(options.topic, options.read_committed);
  if (!offsets.ok()) return offsets.status();
  std::vector<StreamRange> ranges;
  for (size_t i = 0; i < offsets->size(); ++i) {
    ranges.push_back({options.topic, static_cast<int>(i), (*offsets)[i].start, (*offsets)[i].end});
  }
  return ranges;
}

}  // namespace

absl::Status NaiveCopy(const NaiveCopyOptions& options) {
  absl::StatusOr<std::vector<StreamRange>> ranges = SourceRanges(options);
  if (!ranges.ok()) return ranges.status();
  absl::StatusOr<std::unique_ptr<RecordStream>> stream =
      RecordStream::Open({.bootstrap_servers = options.source_bootstrap_servers,
                          .read_committed = options.read_committed,
                          .ranges = *ranges,
                          .client_properties = {}});
  if (!stream.ok()) return stream.status();
  absl::StatusOr<RdHandle> producer =
      NewClient(RD_KAFKA_PRODUCER, options.target_bootstrap_servers,
                {{"enable.idempotence", "true"}, {"compression.codec", options.codec}, {"linger.ms", "5"}});
  if (!producer.ok()) return producer.status();
  absl::Status status;
  const absl::Time deadline = absl::Now() + kCopyTimeout;
  while (status.ok() && !(*stream)->all_finished()) {
    if (absl::Now() > deadline) return absl::DeadlineExceededError(absl::StrCat("copy of ", options.topic));
    absl::Status polled = (*stream)->Poll(absl::Milliseconds(50), [&](size_t, const rd_kafka_message_t& message) {
      CopiedRecord record = FromMessage(message);
      const std::vector<CopiedRecord> records =
          options.edit ? options.edit(std::move(record)) : std::vector<CopiedRecord>{std::move(record)};
      for (const CopiedRecord& edited : records) {
        if (status.ok()) status = Produce(producer->get(), options.topic, edited);
      }
    });
    if (status.ok()) status = polled;
    rd_kafka_poll(producer->get(), 0);
  }
  if (!status.ok()) return status;
  return ToStatus(rd_kafka_flush(producer->get(), ToMillis(kCopyTimeout)), "flush of the copy");
}

}  // namespace replicator::tests
