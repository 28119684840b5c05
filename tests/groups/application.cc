#include "tests/groups/application.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/cluster/record_stream.h"

namespace replicator::tests {
namespace {

constexpr int kPollMs = 50;

}  // namespace

absl::StatusOr<std::unique_ptr<Application>> Application::Start(Options options) {
  std::unique_ptr<Application> application(new Application(std::move(options)));
  const absl::Status opened = application->Open();
  if (!opened.ok()) return opened;
  application->thread_ = std::thread([self = application.get()] { self->Run(); });
  return application;
}

void Application::Stop() {
  ends_ = true;
  if (thread_.joinable()) thread_.join();
}

void Application::OnError(rd_kafka_t*, int error, const char*, void* self) {
  static_cast<Application*>(self)->Note(rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error)));
}

void Application::Note(const std::string& error) {
  absl::MutexLock lock(&mutex_);
  errors_.push_back(error);
}

absl::Status Application::Open() {
  ClientProperties properties = options_.properties;
  properties["group.id"] = options_.group;
  properties["enable.auto.commit"] = "false";
  properties["auto.offset.reset"] = "earliest";
  properties["isolation.level"] = "read_committed";
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_error_cb(conf, OnError);
  rd_kafka_conf_set_opaque(conf, this);
  absl::StatusOr<RdHandle> consumer = NewClient(RD_KAFKA_CONSUMER, conf, options_.bootstrap_servers, properties);
  if (!consumer.ok()) return consumer.status();
  consumer_ = *std::move(consumer);
  rd_kafka_poll_set_consumer(consumer_.get());
  const RdPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  offsets_.reset(rd_kafka_topic_partition_list_new(1));
  return ToStatus(rd_kafka_subscribe(consumer_.get(), topics.get()), "subscribe");
}

void Application::Take(rd_kafka_message_t* message) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Note(rd_kafka_err2name(message->err));
    return;
  }
  ++received_;
  batch_.push_back(RecordDigest(*message, /*with_timestamp=*/true, /*with_offset=*/false));
  const char* topic = rd_kafka_topic_name(message->rkt);
  rd_kafka_topic_partition_t* offset = rd_kafka_topic_partition_list_find(offsets_.get(), topic, message->partition);
  if (offset == nullptr) offset = rd_kafka_topic_partition_list_add(offsets_.get(), topic, message->partition);
  offset->offset = message->offset + 1;
}

void Application::Commit() {
  if (batch_.empty()) return;
  const rd_kafka_resp_err_t error = rd_kafka_commit(consumer_.get(), offsets_.get(), /*async=*/0);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    absl::MutexLock lock(&mutex_);
    done_.insert(done_.end(), batch_.begin(), batch_.end());
  } else {
    Note(rd_kafka_err2name(error));
  }
  batch_.clear();
  offsets_.reset(rd_kafka_topic_partition_list_new(1));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  // As if it had crashed: it goes on at what is committed.
  rd_kafka_consumer_close(consumer_.get());
  consumer_.reset();
  const absl::Status opened = Open();
  if (!opened.ok()) Note(std::string(opened.message()));
}

void Application::Run() {
  while (!ends_) {
    const RdMessage message(rd_kafka_consumer_poll(consumer_.get(), kPollMs));
    if (message != nullptr) Take(message.get());
    if (message == nullptr || batch_.size() >= options_.records_per_commit) Commit();
    if (consumer_ == nullptr) return;
  }
  Commit();
  if (consumer_ != nullptr) rd_kafka_consumer_close(consumer_.get());
}

std::vector<uint64_t> Application::done() const {
  absl::MutexLock lock(&mutex_);
  return done_;
}

size_t Application::count() const {
  absl::MutexLock lock(&mutex_);
  return done_.size();
}

std::vector<std::string> Application::errors() const {
  absl::MutexLock lock(&mutex_);
  return errors_;
}

bool Application::HasError(const std::string& name) const {
  const std::vector<std::string> all = errors();
  return std::find(all.begin(), all.end(), name) != all.end();
}

}  // namespace replicator::tests
