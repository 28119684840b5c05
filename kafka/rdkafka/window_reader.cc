#include "kafka/rdkafka/window_reader.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"

namespace replicator::kafka {
namespace {

template <auto kDestroy>
struct RdDelete {
  template <typename T>
  void operator()(T* object) const {
    kDestroy(object);
  }
};
using Handle = std::unique_ptr<rd_kafka_t, RdDelete<rd_kafka_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, RdDelete<rd_kafka_queue_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, RdDelete<rd_kafka_topic_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, RdDelete<rd_kafka_message_destroy>>;

constexpr int kPollMs = 100;
constexpr int kAskMs = 10'000;
constexpr int64_t kBackGrowth = 8;

const std::map<std::string, std::string>& OwnProperties() {
  static const auto& properties = *new std::map<std::string, std::string>{
      {"isolation.level", "read_committed"}, {"enable.partition.eof", "true"},
      {"auto.offset.reset", "error"},        {"check.crcs", "true"},
      {"queued.min.messages", "100"},        {"queued.max.messages.kbytes", "1024"},
      {"fetch.message.max.bytes", "262144"}, {"fetch.wait.max.ms", "50"},
      {"fetch.error.backoff.ms", "50"},      {"receive.message.max.bytes", "300000000"},
      {"allow.auto.create.topics", "false"},
  };
  return properties;
}

// Null and empty differ.
using Bytes = std::optional<absl::string_view>;
Bytes ToBytes(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return absl::string_view(static_cast<const char*>(data), size);
}

WindowRecord ToRecord(const rd_kafka_message_t& message) {
  WindowRecord record;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  record.is_log_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
  const Bytes key = ToBytes(message.key, message.key_len);
  record.key = absl::HashOf(key);
  record.content = absl::HashOf(key, ToBytes(message.payload, message.len));
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    record.content = absl::HashOf(record.content, absl::string_view(name), ToBytes(value, size));
  return record;
}

// Errors after which librdkafka keeps trying by itself.
bool HealsByItself(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return false;
    default:
      return true;
  }
}

absl::Status ToStatus(rd_kafka_resp_err_t error, const std::string& doing) {
  const std::string text = absl::StrCat(doing, ": ", rd_kafka_err2str(error));
  switch (error) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return absl::PermissionDeniedError(text);
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return absl::UnauthenticatedError(text);
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return absl::NotFoundError(text);
    case RD_KAFKA_RESP_ERR__BAD_MSG:
      return absl::DataLossError(text);
    default:
      return absl::UnavailableError(text);
  }
}

// One question on its way.
struct Reading {
  size_t index = 0;  // of the question
  WindowQuestion question;
  int64_t back = 0;  // how far before the offset it begins
  int64_t begin = 0;
  size_t bytes = 0;
  RecordWindow window;
  bool is_done = false;
};

class RdWindowReader : public WindowReader {
 public:
  RdWindowReader(WindowReaderOptions options, Handle handle)
      : options_(std::move(options)), handle_(std::move(handle)), queue_(rd_kafka_queue_new(handle_.get())) {}
  ~RdWindowReader() override {
    queue_.reset();
    topics_.clear();
  }

  absl::StatusOr<std::vector<RecordWindow>> Read(const std::vector<WindowQuestion>& questions,
                                                 absl::Duration patience) override {
    const absl::Time deadline = absl::Now() + patience;
    std::vector<RecordWindow> windows(questions.size());
    std::vector<Reading> pending;
    for (size_t i = 0; i < questions.size(); ++i)
      pending.push_back({.index = i, .question = questions[i], .back = static_cast<int64_t>(options_.records_max)});
    while (!pending.empty()) {
      // A partition once in a round.
      std::vector<Reading> round;
      std::vector<Reading> later;
      std::set<std::pair<std::string, int32_t>> taken;
      for (Reading& reading : pending) {
        const bool is_first = taken.insert({reading.question.topic, reading.question.partition}).second;
        (is_first ? round : later).push_back(std::move(reading));
      }
      absl::Status read = ReadRound(round, deadline);
      if (!read.ok()) return read;
      for (Reading& reading : round) {
        const bool has_more = reading.window.before.empty() && !reading.window.reaches_start;
        if (!has_more || reading.back >= options_.back_offsets_max) {
          windows[reading.index] = std::move(reading.window);
          continue;
        }
        const int64_t back = std::min(reading.back * kBackGrowth, options_.back_offsets_max);
        later.push_back({.index = reading.index, .question = std::move(reading.question), .back = back});
      }
      pending = std::move(later);
    }
    return windows;
  }

 private:
  std::string NameOf(const WindowQuestion& question) const {
    return absl::StrCat(question.topic, "-", question.partition, " of ", options_.cluster_name);
  }

  rd_kafka_topic_t* TopicOf(const std::string& name) {
    Topic& topic = topics_[name];
    if (topic == nullptr) topic.reset(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
    return topic.get();
  }

  // Where it begins to read; the window's ends.
  absl::Status Begin(Reading& reading, absl::Time deadline) {
    const WindowQuestion& question = reading.question;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    int64_t low = -1;
    int64_t high = -1;
    do {
      error = rd_kafka_query_watermark_offsets(handle_.get(), question.topic.c_str(), question.partition, &low, &high,
                                               kAskMs);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR || !HealsByItself(error)) break;
      absl::SleepFor(absl::Milliseconds(kPollMs));
    } while (absl::Now() < deadline);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return ToStatus(error, absl::StrCat("ask for the ends of ", NameOf(question)));
    reading.window.offset = question.offset;
    reading.window.log_start = low;
    reading.window.high_watermark = high;
    reading.begin = std::clamp(question.offset - reading.back, low, high);
    reading.window.reaches_start = reading.begin == low;
    return absl::OkStatus();
  }

  void Take(Reading& reading, const rd_kafka_message_t& message) {
    if (reading.is_done) return;
    RecordWindow& window = reading.window;
    reading.bytes += message.len + message.key_len;
    if (message.offset < reading.question.offset) {
      window.before.push_back(ToRecord(message));
      if (window.before.size() > options_.records_max) {
        window.before.erase(window.before.begin());
        window.reaches_start = false;
      }
      return;
    }
    window.after.push_back(ToRecord(message));
    // The bytes before count only from here on: some must be read behind the offset in any case.
    if (window.after.size() >= options_.records_max || reading.bytes >= options_.bytes_max) reading.is_done = true;
  }

  absl::Status ReadRound(std::vector<Reading>& round, absl::Time deadline) {
    std::map<std::pair<std::string, int32_t>, Reading*> by_partition;
    absl::Status status;
    std::vector<Reading*> started;
    for (Reading& reading : round) {
      status = Begin(reading, deadline);
      if (!status.ok()) break;
      rd_kafka_topic_t* topic = TopicOf(reading.question.topic);
      if (topic == nullptr ||
          rd_kafka_consume_start_queue(topic, reading.question.partition, reading.begin, queue_.get()) != 0) {
        status = ToStatus(rd_kafka_last_error(), absl::StrCat("read ", NameOf(reading.question)));
        break;
      }
      started.push_back(&reading);
      by_partition[{reading.question.topic, reading.question.partition}] = &reading;
    }
    size_t due = started.size();
    while (status.ok() && due > 0) {
      if (absl::Now() > deadline) {
        status = absl::DeadlineExceededError(absl::StrCat("records of ", options_.cluster_name, " around ", due,
                                                          " positions could not be read in time"));
        break;
      }
      const Message message(rd_kafka_consume_queue(queue_.get(), kPollMs));
      if (message == nullptr || message->rkt == nullptr) continue;
      const auto found = by_partition.find({rd_kafka_topic_name(message->rkt), message->partition});
      if (found == by_partition.end() || found->second->is_done) continue;
      Reading& reading = *found->second;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        reading.window.reaches_end = true;
        reading.is_done = true;
      } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (!HealsByItself(message->err))
          status = ToStatus(message->err, absl::StrCat("read ", NameOf(reading.question)));
      } else {
        Take(reading, *message);
      }
      if (reading.is_done) --due;
    }
    for (Reading* reading : started)
      rd_kafka_consume_stop(TopicOf(reading->question.topic), reading->question.partition);
    // What was read and not taken belongs to no later round.
    while (Message left{rd_kafka_consume_queue(queue_.get(), 0)}) continue;
    return status;
  }

  const WindowReaderOptions options_;
  Handle handle_;
  Queue queue_;
  std::map<std::string, Topic> topics_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WindowReader>> WindowReader::Open(WindowReaderOptions options) {
  std::map<std::string, std::string> all = OwnProperties();
  all["bootstrap.servers"] = options.bootstrap_servers;
  if (!options.client_id.empty()) all["client.id"] = options.client_id;
  for (const auto& [name, value] : options.properties) all[name] = value;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  for (const auto& [name, value] : all) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK) continue;
    rd_kafka_conf_destroy(conf);
    return absl::InvalidArgumentError(
        absl::StrCat("librdkafka refuses the property ", name, " for ", options.cluster_name));
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);  // rd_kafka_new takes it only if it succeeds
    return absl::InvalidArgumentError(absl::StrCat("librdkafka for ", options.cluster_name, ": ", error));
  }
  return std::make_unique<RdWindowReader>(std::move(options), Handle(handle));
}

}  // namespace replicator::kafka
