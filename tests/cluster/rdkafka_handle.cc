#include "tests/cluster/rdkafka_handle.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace replicator::tests {
namespace {

absl::StatusCode CodeOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return absl::StatusCode::kDeadlineExceeded;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__NOENT:  // "no leaders found"
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:  // a leader that was just elected
    case RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNKNOWN:  // a controller whose ZooKeeper session or quorum is away says so
      return absl::StatusCode::kUnavailable;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kInternal;
  }
}

// An exit waits this long for handles that are being destroyed.
constexpr absl::Duration kExitWait = absl::Seconds(10);

// Counts the handles that are being destroyed.
class Undertaker {
 public:
  static Undertaker& Get() {
    static Undertaker* undertaker = new Undertaker;
    return *undertaker;
  }

  void Bury(rd_kafka_t* handle) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      ++under_way_;
    }
    std::thread([this, handle] {
      rd_kafka_destroy(handle);
      absl::MutexLock lock(&mutex_);
      --under_way_;
    }).detach();
  }

 private:
  Undertaker() {
    std::atexit([] { Get().WaitForAll(); });
  }

  void WaitForAll() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &Undertaker::Idle), kExitWait);
  }
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return under_way_ == 0; }

  absl::Mutex mutex_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

void DestroyInBackground(rd_kafka_t* handle) { Undertaker::Get().Bury(handle); }

absl::Status ToStatus(rd_kafka_resp_err_t error, absl::string_view what, absl::string_view detail) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::Status(CodeOf(error),
                      absl::StrCat(what, ": ", rd_kafka_err2name(error), detail.empty() ? "" : ", ", detail));
}

absl::Status ToStatus(const rd_kafka_error_t* error, absl::string_view what) {
  if (error == nullptr) return absl::OkStatus();
  return ToStatus(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
}

absl::StatusOr<RdHandle> NewClient(rd_kafka_type_t type, const std::string& bootstrap_servers,
                                   const ClientProperties& properties) {
  return NewClient(type, rd_kafka_conf_new(), bootstrap_servers, properties);
}

absl::StatusOr<RdHandle> NewClient(rd_kafka_type_t type, rd_kafka_conf_t* conf, const std::string& bootstrap_servers,
                                   const ClientProperties& properties) {
  ClientProperties all = {
      {"bootstrap.servers", bootstrap_servers},
      {"client.id", "replicator-test"},
      // Brokers of a test go and come back within seconds.
      {"reconnect.backoff.ms", "20"},
      {"reconnect.backoff.max.ms", "500"},
      // A client must not hang for long on a broker that SIGSTOP holds: by default for 60 s.
      {"socket.connection.setup.timeout.ms", "5000"},
      {"socket.timeout.ms", "10000"},
  };
  for (const auto& [name, value] : properties) all[name] = value;
  char error[512];
  for (const auto& [name, value] : all) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(absl::StrCat("librdkafka refuses ", name, ": ", error));
    }
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_t* handle = rd_kafka_new(type, conf, error, sizeof(error));
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);  // rd_kafka_new takes the conf only if it succeeds.
    return absl::InvalidArgumentError(absl::StrCat("librdkafka: ", error));
  }
  return RdHandle(handle);
}

int ToMillis(absl::Duration duration) {
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(duration), 0, INT32_MAX));
}

}  // namespace replicator::tests
