#include "tests/cluster/load.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/process.h"
#include "tests/cluster/rdkafka_handle.h"
#include "tests/cluster/record_pool.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

// librdkafka's own queue: what the generator may be ahead of the brokers.
constexpr int kQueueKib = 128 * 1024;
constexpr int kQueueRecords = 200000;
// Records between two looks at delivery reports and the clock.
constexpr int kPollEvery = 256;
constexpr int kPollMs = 10;
// Brokers of a test are away for less. Everything that is under way must be delivered within this when a run ends, and
// a transaction committed.
constexpr int kAwayMs = 120 * 1000;
constexpr int kFlushStepMs = 100;
constexpr int kTransactionMs = 30 * 1000;
constexpr int kTransactionTries = 4;
constexpr absl::Duration kMarkersTimeout = absl::Seconds(20);
constexpr int kMessageBytesDefault = 1000000;

using RdTopic = std::unique_ptr<rd_kafka_topic_t, RdDelete<rd_kafka_topic_destroy>>;

std::string NextTransactionalId() {
  static std::atomic<int> count = 0;
  return absl::StrCat("load-", getpid(), "-", ++count, "-", absl::ToUnixMillis(absl::Now()));
}

ClientProperties ProducerProperties(const LoadOptions& options, const std::string& transactional_id) {
  ClientProperties properties = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"compression.codec", options.codec},
      {"batch.size", absl::StrCat(options.batch_bytes_max)},
      {"linger.ms", absl::StrCat(options.linger_ms)},
      {"queue.buffering.max.kbytes", absl::StrCat(kQueueKib)},
      {"queue.buffering.max.messages", absl::StrCat(kQueueRecords)},
      {"message.max.bytes", absl::StrCat(std::max(kMessageBytesDefault, options.value_bytes + 65536))},
  };
  if (options.records_per_transaction > 0) properties["transactional.id"] = transactional_id;
  for (const auto& [name, value] : options.client_properties) properties[name] = value;
  return properties;
}

absl::Status CheckOptions(const LoadOptions& options) {
  if (options.topic.empty() || options.partitions < 1)
    return absl::InvalidArgumentError("load needs a topic with partitions");
  if (options.value_bytes < kValueBytesMin) return absl::InvalidArgumentError("value_bytes is too small");
  if (options.tombstone_every > 0 && options.keys == 0) return absl::InvalidArgumentError("tombstones need keys");
  return absl::OkStatus();
}

}  // namespace

class LoadGenerator::Impl {
 public:
  explicit Impl(const LoadOptions& options)
      : options_(options),
        pool_(options.shape == RecordShape::kJson ? RecordPool::Json(options.value_bytes, options.seed)
                                                  : RecordPool::Random(options.value_bytes, options.seed)),
        totals_(static_cast<size_t>(options.partitions)),
        pending_(static_cast<size_t>(options.partitions)),
        next_sequence_(options.first_sequence),
        transactional_id_(NextTransactionalId()) {}

  ~Impl() {
    abandoned_ = true;
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start();
  LoadCounts Counts() const;

  absl::StatusOr<LoadCounts> Stop() {
    stop_ = true;
    return Wait(absl::InfiniteDuration());
  }

  absl::StatusOr<LoadCounts> Wait(absl::Duration timeout) {
    if (!done_.WaitForNotificationWithTimeout(timeout)) {
      return absl::DeadlineExceededError(absl::StrCat("load of ", options_.topic, ": ", Counts().records,
                                                      " records of ", options_.records_total, " after ",
                                                      absl::FormatDuration(timeout)));
    }
    absl::MutexLock lock(&mutex_);
    if (!error_.ok()) return error_;
    return Counts();
  }

 private:
  struct Count {
    std::atomic<int64_t> records = 0;
    std::atomic<int64_t> bytes = 0;
    void Add(int64_t more_records, int64_t more_bytes) {
      records.fetch_add(more_records, std::memory_order_relaxed);
      bytes.fetch_add(more_bytes, std::memory_order_relaxed);
    }
  };

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque);
  void OnRefusal(const rd_kafka_message_t& message);

  absl::Status OpenProducer();
  void Run();
  void WriteRecords();
  bool Finished() const { return stop_ || (options_.records_total > 0 && Written() >= options_.records_total); }
  int64_t Written() const { return next_sequence_.load(std::memory_order_relaxed) - options_.first_sequence; }
  void WaitForRate(absl::Time start);
  bool WriteOne(int64_t sequence);
  rd_kafka_headers_t* MakeHeaders(int64_t sequence) const;
  bool Flush();
  void WaitForMarkers();
  bool InitTransactions();
  bool Begin();
  bool End();
  bool Abort();
  RdError Retry(absl::FunctionRef<rd_kafka_error_t*()> call);
  bool StartAnew();
  bool Transactional() const { return options_.records_per_transaction > 0; }
  void FailTransaction(const absl::Status& status);
  bool Check(absl::Status status);

  const LoadOptions options_;
  RecordPool pool_;  // The load thread's.
  std::vector<Count> totals_;
  std::vector<Count> pending_;  // Delivered in the open transaction. The load thread's.
  std::atomic<int64_t> aborted_ = 0;
  std::atomic<int64_t> next_sequence_;
  const std::string transactional_id_;
  int64_t transactions_ = 0;
  int64_t in_transaction_ = 0;
  bool must_abort_ = false;                // The open transaction can't be committed. The load thread's.
  absl::Time committed_at_ = absl::Now();  // The load thread's.
  std::atomic<bool> stop_ = false;
  std::atomic<bool> abandoned_ = false;  // Nobody waits for deliveries any more.
  std::atomic<bool> failed_ = false;
  absl::Notification done_;
  mutable absl::Mutex mutex_;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  RdHandle handle_;
  RdTopic topic_;  // Destroyed before handle_.
  std::thread thread_;
};

absl::Status LoadGenerator::Impl::Start() {
  absl::Status status = OpenProducer();
  if (!status.ok()) return status;
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

absl::Status LoadGenerator::Impl::OpenProducer() {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_dr_msg_cb(conf, &Impl::OnDelivery);
  absl::StatusOr<RdHandle> handle =
      NewClient(RD_KAFKA_PRODUCER, conf, options_.bootstrap_servers, ProducerProperties(options_, transactional_id_));
  if (!handle.ok()) return handle.status();
  handle_ = *std::move(handle);
  topic_.reset(rd_kafka_topic_new(handle_.get(), options_.topic.c_str(), nullptr));
  if (topic_ == nullptr) return ToStatus(rd_kafka_last_error(), options_.topic);
  return absl::OkStatus();
}

// A ZooKeeper broker that has just started says of every topic that there is none, and librdkafka then gives up what it
// has in its queues (confluentinc/librdkafka issue 4401): what it has not sent yet, and what it would send again.
bool IsForgottenTopic(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

// Called by rd_kafka_poll and rd_kafka_flush, so in the load thread.
void LoadGenerator::Impl::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  Impl* self = static_cast<Impl*>(opaque);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    self->OnRefusal(*message);
    return;
  }
  std::vector<Count>& counts = self->Transactional() ? self->pending_ : self->totals_;
  counts.at(static_cast<size_t>(message->partition)).Add(1, static_cast<int64_t>(message->len + message->key_len));
}

// A record that is not delivered takes its transaction with it: librdkafka gives up all others of it, too, at times
// before it says so to the caller, and then waits for the abort.
void LoadGenerator::Impl::OnRefusal(const rd_kafka_message_t& message) {
  const absl::Status status =
      ToStatus(message.err, absl::StrCat("delivery to ", options_.topic, " ", message.partition));
  if (Transactional()) {
    FailTransaction(status);
  } else if (!IsForgottenTopic(message.err)) {
    Check(status);
  }
}

void LoadGenerator::Impl::FailTransaction(const absl::Status& status) {
  must_abort_ = true;
  if (absl::Now() - committed_at_ > absl::Milliseconds(kAwayMs)) Check(status);
}

bool LoadGenerator::Impl::Check(absl::Status status) {
  if (status.ok()) return true;
  absl::MutexLock lock(&mutex_);
  if (error_.ok()) error_ = status;
  failed_ = true;
  return false;
}

void LoadGenerator::Impl::Run() {
  WriteRecords();
  if (!failed_) Flush();
  if (!failed_ && Transactional()) WaitForMarkers();
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  done_.Notify();
}

void LoadGenerator::Impl::WriteRecords() {
  if (Transactional() && !InitTransactions()) return;
  const absl::Time start = absl::Now();
  while (!failed_ && !Finished()) {
    if (options_.records_per_second > 0) WaitForRate(start);
    if (Transactional() && in_transaction_ == 0 && !Begin()) return;
    const int64_t sequence = next_sequence_.load(std::memory_order_relaxed);
    if (!WriteOne(sequence)) return;
    next_sequence_.store(sequence + 1, std::memory_order_relaxed);
    if (sequence % kPollEvery == 0) rd_kafka_poll(handle_.get(), 0);
    if (Transactional() && (++in_transaction_ == options_.records_per_transaction || must_abort_) && !End()) return;
  }
  if (in_transaction_ > 0 && !failed_) End();
}

void LoadGenerator::Impl::WaitForRate(absl::Time start) {
  while (!stop_ && !failed_) {
    const double due = absl::ToDoubleSeconds(absl::Now() - start) * options_.records_per_second;
    if (static_cast<double>(Written()) < due) return;
    const double wait_ms = (static_cast<double>(Written()) - due) / options_.records_per_second * 1000;
    rd_kafka_poll(handle_.get(), std::clamp(static_cast<int>(std::ceil(wait_ms)), 1, kPollMs));
  }
}

rd_kafka_headers_t* LoadGenerator::Impl::MakeHeaders(int64_t sequence) const {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(static_cast<size_t>(options_.headers));
  for (int i = 0; i < options_.headers; ++i) {
    const std::string name = absl::StrCat("header-", i);
    const std::string text = absl::StrCat("value-", sequence, "-", i);
    const char* value = i % 3 == 2 ? nullptr : text.c_str();
    const size_t size = i % 3 == 0 ? text.size() : 0;
    rd_kafka_header_add(headers, name.c_str(), static_cast<ssize_t>(name.size()), value, static_cast<ssize_t>(size));
  }
  return headers;
}

bool LoadGenerator::Impl::WriteOne(int64_t sequence) {
  const int32_t partition = static_cast<int32_t>(sequence % options_.partitions);
  std::string key;
  if (options_.keys < 0) key = absl::StrCat("key-", sequence);
  if (options_.keys > 0) {
    key = absl::StrCat("key-", partition, "-",
                       Mix64(static_cast<uint64_t>(sequence)) % static_cast<uint64_t>(options_.keys));
  }
  absl::string_view value = pool_.Value(sequence);
  if (options_.tombstone_every > 0 && sequence % options_.tombstone_every == 0) value = absl::string_view();
  const int64_t timestamp_ms =
      options_.timestamp_base_ms < 0 ? 0 : options_.timestamp_base_ms + sequence * options_.timestamp_step_ms;
  rd_kafka_headers_t* headers = options_.headers > 0 ? MakeHeaders(sequence) : nullptr;
  rd_kafka_vu_t arguments[7];
  size_t count = 0;
  arguments[count].vtype = RD_KAFKA_VTYPE_RKT;
  arguments[count++].u.rkt = topic_.get();
  arguments[count].vtype = RD_KAFKA_VTYPE_PARTITION;
  arguments[count++].u.i32 = partition;
  arguments[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  arguments[count++].u.i = RD_KAFKA_MSG_F_COPY;
  arguments[count].vtype = RD_KAFKA_VTYPE_VALUE;
  arguments[count].u.mem.ptr = const_cast<char*>(value.data());
  arguments[count++].u.mem.size = value.size();
  arguments[count].vtype = RD_KAFKA_VTYPE_KEY;
  arguments[count].u.mem.ptr = options_.keys == 0 ? nullptr : key.data();
  arguments[count++].u.mem.size = key.size();
  arguments[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  arguments[count++].u.i64 = timestamp_ms;
  if (headers != nullptr) {
    arguments[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    arguments[count++].u.headers = headers;
  }
  while (true) {
    RdError error(rd_kafka_produceva(handle_.get(), arguments, count));
    if (error == nullptr) return true;  // librdkafka owns the headers now.
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error.get());
    const bool passes = code == RD_KAFKA_RESP_ERR__QUEUE_FULL || IsForgottenTopic(code);
    if (passes && !failed_ && !abandoned_) {
      rd_kafka_poll(handle_.get(), kPollMs);
      continue;
    }
    if (headers != nullptr) rd_kafka_headers_destroy(headers);
    const absl::Status status = ToStatus(error.get(), absl::StrCat("produce to ", options_.topic));
    if (Transactional() && code == RD_KAFKA_RESP_ERR__STATE) {  // no delivery may have been refused for us to see it
      FailTransaction(status);
      return true;
    }
    return Check(status);
  }
}

// Waits until everything is delivered, in steps: the brokers may be gone for good when a test ends.
bool LoadGenerator::Impl::Flush() {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  for (int waited_ms = 0; waited_ms < kAwayMs && !abandoned_ && !failed_; waited_ms += kFlushStepMs) {
    error = rd_kafka_flush(handle_.get(), kFlushStepMs);
    // A transaction that must be aborted takes no more partitions: what is queued for those is never delivered.
    if (must_abort_) return true;
    if (error != RD_KAFKA_RESP_ERR__TIMED_OUT) break;
  }
  return Check(ToStatus(error, absl::StrCat("flush of ", options_.topic))) && !failed_;
}

// A commit returns when the coordinator has recorded it; the markers reach the partitions later (KIP-98), and until
// then readers of committed records do not see the last transaction. Transactions of other producers may keep the last
// stable offset down for ever, so this gives up without an error.
void LoadGenerator::Impl::WaitForMarkers() {
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin =
      ClusterAdmin::Create(options_.bootstrap_servers, options_.client_properties);
  if (!admin.ok()) return;
  auto all_stable = [&] {
    if (abandoned_) return true;
    const absl::StatusOr<std::vector<OffsetRange>> ends = (*admin)->Offsets(options_.topic);
    const absl::StatusOr<std::vector<OffsetRange>> stable = (*admin)->Offsets(options_.topic, /*read_committed=*/true);
    return ends.ok() && stable.ok() &&
           std::equal(ends->begin(), ends->end(), stable->begin(), stable->end(),
                      [](const OffsetRange& a, const OffsetRange& b) { return a.end == b.end; });
  };
  WaitFor(all_stable, kMarkersTimeout);
}

bool LoadGenerator::Impl::InitTransactions() {
  const RdError error = Retry([this] { return rd_kafka_init_transactions(handle_.get(), kTransactionMs); });
  return Check(ToStatus(error.get(), "init_transactions"));
}

bool LoadGenerator::Impl::Begin() {
  RdError error(rd_kafka_begin_transaction(handle_.get()));
  return Check(ToStatus(error.get(), "begin_transaction"));
}

// Ends the open transaction. Everything is delivered first, so that an aborted one leaves its records in the log.
bool LoadGenerator::Impl::End() {
  if (!Flush()) return false;
  const uint64_t dice = Mix64(options_.seed * 31 + static_cast<uint64_t>(transactions_++));
  bool abort = must_abort_ || static_cast<double>(dice >> 11) * 0x1p-53 < options_.abort_share;
  if (!abort) {
    const RdError error = Retry([this] { return rd_kafka_commit_transaction(handle_.get(), kTransactionMs); });
    const absl::Status status = ToStatus(error.get(), "commit_transaction");
    abort = rd_kafka_error_txn_requires_abort(error.get()) != 0;
    if (abort) {
      FailTransaction(status);
    } else if (!Check(status)) {
      return false;
    }
  }
  if (abort && !Abort()) return false;
  for (size_t i = 0; i < pending_.size(); ++i) {
    const int64_t records = pending_[i].records.exchange(0);
    const int64_t bytes = pending_[i].bytes.exchange(0);
    if (abort) {
      aborted_ += records;
    } else {
      totals_[i].Add(records, bytes);
    }
  }
  in_transaction_ = 0;
  must_abort_ = false;
  if (!abort) committed_at_ = absl::Now();
  return true;
}

bool LoadGenerator::Impl::Abort() {
  const RdError error = Retry([this] { return rd_kafka_abort_transaction(handle_.get(), kTransactionMs); });
  // The coordinator refused all partitions of the transaction, so to it there is none that could be aborted; librdkafka
  // takes its answer for fatal.
  if (rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR_INVALID_TXN_STATE) return StartAnew();
  return Check(ToStatus(error.get(), "abort_transaction"));
}

// Brokers of a test may be away for longer than one call waits.
RdError LoadGenerator::Impl::Retry(absl::FunctionRef<rd_kafka_error_t*()> call) {
  RdError error(call());
  for (int tries = 1; tries < kTransactionTries && !abandoned_; ++tries) {
    if (error == nullptr || rd_kafka_error_is_retriable(error.get()) == 0) break;
    error.reset(call());
  }
  return error;
}

// A new producer under the same id: the coordinator aborts what the old one may have left open (KIP-98).
bool LoadGenerator::Impl::StartAnew() {
  topic_.reset();
  handle_.reset();
  return Check(OpenProducer()) && InitTransactions();
}

LoadCounts LoadGenerator::Impl::Counts() const {
  LoadCounts counts;
  for (const Count& partition : totals_) {
    counts.partition_records.push_back(partition.records.load());
    counts.partition_bytes.push_back(partition.bytes.load());
    counts.records += counts.partition_records.back();
    counts.bytes += counts.partition_bytes.back();
  }
  counts.records_aborted = aborted_;
  counts.next_sequence = next_sequence_;
  return counts;
}

LoadGenerator::LoadGenerator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LoadGenerator::~LoadGenerator() = default;

absl::StatusOr<std::unique_ptr<LoadGenerator>> LoadGenerator::Start(const LoadOptions& options) {
  absl::Status status = CheckOptions(options);
  if (!status.ok()) return status;
  auto impl = std::make_unique<Impl>(options);
  status = impl->Start();
  if (!status.ok()) return AsHarness(status);
  return std::unique_ptr<LoadGenerator>(new LoadGenerator(std::move(impl)));
}

absl::StatusOr<LoadCounts> LoadGenerator::Stop() {
  absl::StatusOr<LoadCounts> counts = impl_->Stop();
  if (!counts.ok()) return AsHarness(counts.status());
  return counts;
}

absl::StatusOr<LoadCounts> LoadGenerator::Wait(absl::Duration timeout) {
  absl::StatusOr<LoadCounts> counts = impl_->Wait(timeout);
  if (!counts.ok()) return AsHarness(counts.status());
  return counts;
}

LoadCounts LoadGenerator::counts() const { return impl_->Counts(); }

absl::StatusOr<LoadCounts> WriteLoad(const LoadOptions& options, absl::Duration timeout) {
  absl::StatusOr<std::unique_ptr<LoadGenerator>> load = LoadGenerator::Start(options);
  if (!load.ok()) return load.status();
  return (*load)->Wait(timeout);
}

}  // namespace replicator::tests
