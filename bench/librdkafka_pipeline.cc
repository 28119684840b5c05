// A copier as one writes it on a client library, tuned for throughput: the native peer of the benchmarks.
//
//   librdkafka_pipeline --source=HOST:PORT,... --target=HOST:PORT,... --topic=T --partitions=N
//   --codec=none|lz4|zstd|...
//
// One consumer reads every partition from its beginning; one idempotent producer writes the same key, value, headers,
// timestamp and partition, with the source's codec. The topic must exist on both sides. This thread only hands messages
// over: librdkafka's own threads fetch and decompress, compress and send. A value is handed over in the consumer's
// memory and lives until it is acknowledged, so that it is not copied on the way.
//
// SIGTERM and SIGINT end it with 0 once all that was handed over is acknowledged. Exit codes: 0 done, 1 a record could
// not be read or written, 2 usage.
#include <gflags/gflags.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

DEFINE_string(source, "", "bootstrap servers to read from");
DEFINE_string(target, "", "bootstrap servers to write to");
DEFINE_string(topic, "", "topic to copy; must exist on both sides");
DEFINE_int32(partitions, 0, "its partitions");
DEFINE_string(codec, "none", "codec to compress with: the one that the source's batches have");

namespace replicator::bench {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr size_t kMessagesPerPoll = 2000;
// The most that a poll waits to fill its batch. Short: what has come goes on.
constexpr int kPollMs = 10;
// How long acknowledgements may take at the end, and how often a full queue is looked at again.
constexpr int kFlushMs = 30'000;
constexpr int kQueueFullPollMs = 5;
// What was not sent is given back at once when the pipeline fails.
constexpr int kPurgeMs = 1000;

template <auto kDestroy>
struct RdDelete {
  template <typename T>
  void operator()(T* object) const {
    kDestroy(object);
  }
};
using RdHandle = std::unique_ptr<rd_kafka_t, RdDelete<rd_kafka_destroy>>;
using RdQueue = std::unique_ptr<rd_kafka_queue_t, RdDelete<rd_kafka_queue_destroy>>;
using RdTopic = std::unique_ptr<rd_kafka_topic_t, RdDelete<rd_kafka_topic_destroy>>;
using RdMessage = std::unique_ptr<rd_kafka_message_t, RdDelete<rd_kafka_message_destroy>>;
using RdPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t, RdDelete<rd_kafka_topic_partition_list_destroy>>;
using ClientProperties = std::map<std::string, std::string>;

volatile sig_atomic_t g_stop = 0;

absl::Status ToStatus(rd_kafka_resp_err_t error, absl::string_view what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(what, ": ", rd_kafka_err2str(error)));
}

// Large fetches, read ahead without pauses. Larger queues were no quicker and cost more: their memory is touched for
// the first time.
ClientProperties ConsumerProperties() {
  return {
      {"bootstrap.servers", FLAGS_source},
      {"group.id", "librdkafka-pipeline"},  // assign() demands one; nothing is committed
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"check.crcs", "false"},
      {"fetch.max.bytes", "52428800"},
      {"fetch.message.max.bytes", "1048576"},
      {"fetch.wait.max.ms", "100"},
      {"queued.min.messages", "1000000"},
      {"queued.max.messages.kbytes", "32768"},
      // By default a partition that finds the queue full is not fetched for a second.
      {"fetch.queue.backoff.ms", "5"},
  };
}

// As few and as large batches as brokers take by default; what linger costs in delay is nothing beside a backlog.
ClientProperties ProducerProperties() {
  return {
      {"bootstrap.servers", FLAGS_target},
      {"acks", "all"},
      {"enable.idempotence", "true"},
      {"compression.codec", FLAGS_codec},
      {"batch.size", "1000000"},
      {"batch.num.messages", "100000"},
      {"linger.ms", "50"},
      {"queue.buffering.max.kbytes", "65536"},
      {"queue.buffering.max.messages", "1000000"},
  };
}

// Takes `conf`.
absl::StatusOr<RdHandle> NewClient(rd_kafka_type_t type, rd_kafka_conf_t* conf, const ClientProperties& properties) {
  char error[512] = "";
  bool is_set = true;
  for (const auto& [name, value] : properties) {
    is_set = is_set && rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK;
  }
  rd_kafka_t* const handle = is_set ? rd_kafka_new(type, conf, error, sizeof(error)) : nullptr;
  if (handle != nullptr) return RdHandle(handle);
  rd_kafka_conf_destroy(conf);  // rd_kafka_new takes it only if it succeeds
  return absl::InvalidArgumentError(absl::StrCat("librdkafka: ", error));
}

class Pipeline {
 public:
  absl::Status Run();

 private:
  // Called by rd_kafka_poll: lets go of the message whose value the producer has used.
  static void OnDelivery(rd_kafka_t* producer, const rd_kafka_message_t* report, void* self);

  absl::Status OpenProducer();
  absl::Status OpenConsumer();
  absl::Status MoveBatch();
  absl::Status Produce(RdMessage message);
  // Waits for the acknowledgements of all that was handed over.
  absl::Status Finish();

  // Set by OnDelivery, which runs within this thread's calls.
  absl::Status delivery_;
  int64_t handed_over_ = 0;
  int64_t acknowledged_ = 0;
  // Destroyed last to first: the producer must have let go of the consumer's messages.
  RdHandle consumer_;
  RdQueue messages_;
  RdHandle producer_;
  RdTopic target_topic_;
};

void Pipeline::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* report, void* self) {
  Pipeline* const pipeline = static_cast<Pipeline*>(self);
  const RdMessage handed_over(static_cast<rd_kafka_message_t*>(report->_private));
  if (report->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++pipeline->acknowledged_;
  pipeline->delivery_.Update(ToStatus(report->err, absl::StrCat("writing partition ", report->partition)));
}

absl::Status Pipeline::OpenProducer() {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_dr_msg_cb(conf, &Pipeline::OnDelivery);
  absl::StatusOr<RdHandle> producer = NewClient(RD_KAFKA_PRODUCER, conf, ProducerProperties());
  if (!producer.ok()) return producer.status();
  producer_ = *std::move(producer);
  target_topic_.reset(rd_kafka_topic_new(producer_.get(), FLAGS_topic.c_str(), nullptr));
  return target_topic_ != nullptr ? absl::OkStatus() : ToStatus(rd_kafka_last_error(), FLAGS_topic);
}

absl::Status Pipeline::OpenConsumer() {
  absl::StatusOr<RdHandle> consumer = NewClient(RD_KAFKA_CONSUMER, rd_kafka_conf_new(), ConsumerProperties());
  if (!consumer.ok()) return consumer.status();
  consumer_ = *std::move(consumer);
  rd_kafka_poll_set_consumer(consumer_.get());
  messages_.reset(rd_kafka_queue_get_consumer(consumer_.get()));
  const RdPartitions partitions(rd_kafka_topic_partition_list_new(FLAGS_partitions));
  for (int32_t partition = 0; partition < FLAGS_partitions; ++partition) {
    rd_kafka_topic_partition_list_add(partitions.get(), FLAGS_topic.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  return ToStatus(rd_kafka_assign(consumer_.get(), partitions.get()), "reading");
}

absl::Status Pipeline::Produce(RdMessage message) {
  rd_kafka_headers_t* headers = nullptr;
  rd_kafka_message_detach_headers(message.get(), &headers);  // none: stays null
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  do {
    // Neither F_COPY nor F_FREE: the value stays the message's, which OnDelivery gets back.
    error = rd_kafka_producev(producer_.get(), RD_KAFKA_V_RKT(target_topic_.get()),
                              RD_KAFKA_V_PARTITION(message->partition), RD_KAFKA_V_MSGFLAGS(0),
                              RD_KAFKA_V_VALUE(message->payload, message->len),
                              RD_KAFKA_V_KEY(message->key, message->key_len),
                              RD_KAFKA_V_TIMESTAMP(rd_kafka_message_timestamp(message.get(), nullptr)),
                              RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(message.get()), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) rd_kafka_poll(producer_.get(), kQueueFullPollMs);
  } while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && delivery_.ok());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (headers != nullptr) rd_kafka_headers_destroy(headers);
    return ToStatus(error, absl::StrCat("writing partition ", message->partition));
  }
  (void)message.release();  // OnDelivery's
  ++handed_over_;
  return absl::OkStatus();
}

absl::Status Pipeline::MoveBatch() {
  rd_kafka_message_t* batch[kMessagesPerPoll];
  const ssize_t count = rd_kafka_consume_batch_queue(messages_.get(), kPollMs, batch, kMessagesPerPoll);
  if (count < 0) return ToStatus(rd_kafka_last_error(), "reading");
  absl::Status status;
  for (ssize_t i = 0; i < count; ++i) {
    RdMessage message(batch[i]);
    if (status.ok()) status = ToStatus(message->err, "reading");
    if (status.ok()) status = Produce(std::move(message));
  }
  rd_kafka_poll(producer_.get(), 0);
  status.Update(delivery_);
  return status;
}

absl::Status Pipeline::Finish() {
  absl::Status status = ToStatus(rd_kafka_flush(producer_.get(), kFlushMs), "the last acknowledgements");
  status.Update(delivery_);
  if (status.ok() && acknowledged_ != handed_over_) {
    status = absl::InternalError(absl::StrCat(acknowledged_, " of ", handed_over_, " records are acknowledged"));
  }
  return status;
}

absl::Status Pipeline::Run() {
  absl::Status status = OpenProducer();
  if (status.ok()) status = OpenConsumer();
  while (status.ok() && g_stop == 0) status = MoveBatch();
  if (status.ok()) status = Finish();
  if (!status.ok() && producer_ != nullptr) {
    // The consumer cannot be destroyed while the producer holds its messages.
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer_.get(), kPurgeMs);
  }
  return status;
}

int Main() {
  if (FLAGS_source.empty() || FLAGS_target.empty() || FLAGS_topic.empty() || FLAGS_partitions <= 0) {
    std::fprintf(stderr, "librdkafka_pipeline: --source, --target, --topic and --partitions must be given\n");
    return kExitUsage;
  }
  struct sigaction action {};
  action.sa_handler = [](int) { g_stop = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  Pipeline pipeline;
  const absl::Status status = pipeline.Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "librdkafka_pipeline: %s\n", std::string(status.message()).c_str());
  return kExitFailed;
}

}  // namespace
}  // namespace replicator::bench

int main(int argc, char** argv) {
  gflags::SetUsageMessage("--source=... --target=... --topic=T --partitions=N --codec=C: a copy with a client library");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  return replicator::bench::Main();
}
