#include "replicator/copy/sink.h"

#include <glog/logging.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/batch/record_batch.h"
#include "kafka/client/errors.h"
#include "kafka/net/must_not_throw.h"
#include "offsets/crash_point.h"

namespace replicator {
namespace {

// How long the leader waits for its in-sync replicas before it answers REQUEST_TIMED_OUT. Short, because every
// partition of the request waits for the slowest one; the slow one then settles by itself until its replicas have
// caught up.
constexpr int32_t kReplicationTimeoutMs = 5'000;
// No answer for this long: the connection is given up and every batch in it is settled.
constexpr Clock::duration kProduceTimeout = std::chrono::seconds(30);
// Requests written but not answered. The broker works on one at a time; a second one waits in its socket, so that it
// never idles.
constexpr int kRequestsInFlightMax = 5;
// Of one request; the first batch may be larger. Small enough that two requests share the streams of one broker.
constexpr size_t kRequestBytes = 1 << 20;
constexpr Clock::duration kStalledAfter = std::chrono::seconds(1);
constexpr Clock::duration kStallLoggedAfter = std::chrono::seconds(5);

bool StreamBefore(const Stream* a, const Stream* b) { return a->assignment.target_topic < b->assignment.target_topic; }

Answer AnswerOf(const kafka::ProduceResponse::Partition& partition) {
  const int16_t code = partition.error_code;
  Answer answer;
  answer.base_offset = partition.base_offset;
  answer.error = absl::StrCat("the target answers ", kafka::ErrorText(code));
  if (partition.error_message.has_value()) absl::StrAppend(&answer.error, " (", *partition.error_message, ")");
  switch (kafka::ClassifyProduceError(code)) {
    case kafka::ProduceOutcome::kAcknowledged:
      answer.verdict = Answer::Verdict::kAppended;
      break;
    case kafka::ProduceOutcome::kAmbiguous:
    case kafka::ProduceOutcome::kRetryAfterSettle:
    case kafka::ProduceOutcome::kReconcile:
      answer.verdict = Answer::Verdict::kUnclear;
      break;
    case kafka::ProduceOutcome::kUnknownProducerId:
      answer.verdict = Answer::Verdict::kForgotten;
      absl::StrAppend(&answer.error, ": it forgot this link's producer id");
      break;
    case kafka::ProduceOutcome::kRefusedBytes:
      answer.verdict = Answer::Verdict::kRefusedBytes;
      break;
    case kafka::ProduceOutcome::kFatal:
      answer.verdict = Answer::Verdict::kRefused;
      answer.refusal = QuarantineCode::kTargetRefused;
      answer.remedy = std::string(kafka::RemedyFor(code));
      break;
  }
  return answer;
}

}  // namespace

Sink::Sink(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint,
           kafka::ConnectionOptions options, RateLimiter& limit, StreamOwner& owner)
    : owner_(owner),
      broker_id_(broker_id),
      endpoint_(endpoint),
      limit_(limit),
      lane_(std::move(endpoint), std::move(options)),
      wake_(executor) {}

void Sink::Add(Stream* stream) {
  streams_.push_back(stream);
  if (stalled_) {
    stream->partition.Pause();
  } else if (stream->partition.paused()) {
    stream->partition.Resume();
    stream->doubt.Doubt(DoubtReason::kTargetStalled);
  }
  wake_.Notify();  // a broker that could not be reached is tried only while it leads something: it does again
}

void Sink::Remove(Stream* stream) {
  std::erase(streams_, stream);
  if (stream->queued_for_send) std::erase(ready_, stream);
  stream->queued_for_send = false;
}

void Sink::TakeOver(Stream* stream) {
  CHECK(!stream->partition.in_flight());
  Add(stream);
  was_connected_ = true;  // so that a connection that is still to be made counts as a new one
  if (!connection_.expired()) stream->partition.OnTargetChange();
}

bool Sink::saturated() const { return !ready_.empty() && (writing_ || sent_at_.size() >= kRequestsInFlightMax); }

void Sink::Ready(Stream* stream) {
  if (stream->queued_for_send) return;
  stream->queued_for_send = true;
  ready_.push_back(stream);
  wake_.Notify();
}

void Sink::Stop() {
  stopping_ = true;
  lane_.Close();
  wake_.Notify();
}

asio::awaitable<void> Sink::Run() {
  while (!stopping_) {
    // A broker that could not be reached is tried until it can: the streams that wait for it are paused, so none gets
    // ready.
    const bool unreachable = unreachable_since_ != Clock::time_point::max() && !streams_.empty();
    if ((ready_.empty() && !unreachable) || sent_at_.size() >= kRequestsInFlightMax) {
      co_await wake_.Wait();
      continue;
    }
    if (Clock::now() < not_before_) {
      co_await wake_.Wait(not_before_);
      continue;
    }
    unreachable_since_ = std::min(unreachable_since_, Clock::now());
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connected = co_await lane_.Get();
    if (stopping_) co_return;
    if (!connected.ok()) {
      if (connect_failures_.Fails()) {
        LOG(WARNING) << "target broker " << broker_id_ << ": " << connected.status().message() << "; trying again";
      }
      owner_.MetadataIsStale(Side::kTarget);
      continue;
    }
    unreachable_since_ = Clock::time_point::max();
    connect_failures_.Ends();
    std::shared_ptr<kafka::Connection> connection = *connected;
    NoteConnection(connection);
    co_await WriteRequest(connection);
  }
}

// Behind a new connection there may be a broker that was restarted and lost acknowledged records: every stream asks
// first (F).
void Sink::NoteConnection(const std::shared_ptr<kafka::Connection>& connection) {
  if (connection_.lock() == connection) return;
  connection_ = connection;
  if (!std::exchange(was_connected_, true)) return;
  for (Stream* stream : std::vector<Stream*>(streams_)) {  // Changed may take one away
    stream->partition.OnTargetChange();
    owner_.Changed(*stream);
  }
}

// One batch of each stream that is ready, up to the size of a request. Streams with more to send go to the end of the
// list.
std::vector<Sink::Sent> Sink::TakeBatches() {
  std::vector<Stream*> chosen;
  size_t bytes = 0;
  while (!ready_.empty() && chosen.size() < kafka::ProduceRequestBuilder::kPartitionsMax && bytes < kRequestBytes) {
    Stream* stream = ready_.front();
    ready_.pop_front();
    stream->queued_for_send = false;
    if (!stream->partition.can_send()) continue;
    bytes += static_cast<size_t>(stream->partition.next_batch_bytes());
    chosen.push_back(stream);
  }
  std::sort(chosen.begin(), chosen.end(), StreamBefore);  // a request names each topic once
  std::vector<Sent> sent;
  sent.reserve(chosen.size());
  for (Stream* stream : chosen) {
    sent.push_back({.stream = stream, .send = stream->partition.TakeSend()});
    if (stream->partition.can_send()) Ready(stream);
  }
  return sent;
}

asio::awaitable<void> Sink::WriteRequest(std::shared_ptr<kafka::Connection> connection) {
  auto request = std::make_shared<Request>();
  request->sent = TakeBatches();
  if (request->sent.empty()) co_return;
  request->number = next_request_++;
  request->version = connection->versions().For(kafka::ApiKey::kProduce);
  int64_t bytes = 0;
  const int32_t correlation_id = connection->NextCorrelationId();
  builder_.Begin(request->version, correlation_id, connection->options().client_id, kafka::kAcksAll,
                 kReplicationTimeoutMs);
  for (Sent& sent : request->sent) {
    kafka::RecordBatchView batch(sent.send.bytes.bytes());
    sent.max_timestamp_ms = batch.max_timestamp_ms();
    batch.PatchForProduce(sent.send.producer.id, sent.send.producer.epoch, sent.send.base_sequence);
    CHECK(
        builder_.AddPartition(sent.stream->assignment.target_topic, sent.stream->assignment.partition, batch.bytes()));
    bytes += static_cast<int64_t>(batch.bytes().size());
  }
  not_before_ = std::max(not_before_, limit_.Book(bytes, Clock::now()));
  std::vector<iovec> parts = builder_.Finish();
  sent_at_[request->number] = Clock::now();
  bytes_sent_ += bytes;
  writing_ = true;
  CrashPoint("before-send");
  absl::StatusOr<std::shared_ptr<kafka::PendingReply>> written =
      co_await connection->Send(std::move(parts), correlation_id, kProduceTimeout);
  CrashPoint("after-send");
  writing_ = false;
  // The kernel has the bytes, or the connection is gone: either way they are not needed any more.
  for (Sent& sent : request->sent) sent.send.bytes = kafka::Slice();
  if (!written.ok()) {
    FailAll(*request, written.status());
    co_return;
  }
  std::shared_ptr<kafka::PendingReply> reply = *written;
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, AwaitAnswer(this, request, connection, reply), kafka::MustNotThrow());
}

asio::awaitable<void> Sink::AwaitAnswer(Sink* sink, std::shared_ptr<Request> request,
                                        std::shared_ptr<kafka::Connection> connection,
                                        std::shared_ptr<kafka::PendingReply> reply) {
  absl::Status status = co_await kafka::Connection::Receive(reply);
  if (status.ok()) {
    status = sink->HandleAnswer(*request, *reply, *connection);
    if (!status.ok()) connection->Close(status);
  }
  if (!status.ok()) {
    sink->FailAll(*request, status);
    co_return;
  }
  sink->Finish(*request);
}

absl::Status Sink::HandleAnswer(Request& request, const kafka::PendingReply& reply, kafka::Connection& connection) {
  absl::StatusOr<std::string_view> body = ResponseBody(kafka::kProduceApi, request.version, reply.frame());
  if (!body.ok()) return body.status();
  absl::StatusOr<kafka::ProduceResponse> response = kafka::ProduceResponse::Read(*body, request.version);
  if (!response.ok()) return response.status();
  connection.Throttle(response->throttle_time_ms);
  not_before_ = std::max(not_before_, connection.throttled_until());
  auto next = request.sent.begin();  // brokers answer in the order of the request, mostly
  for (const kafka::ProduceResponse::Topic& topic : response->topics) {
    for (const kafka::ProduceResponse::Partition& partition : topic.partitions) {
      auto asked = [&](const Sent& candidate) {
        return candidate.stream != nullptr && candidate.stream->assignment.partition == partition.partition &&
               candidate.stream->assignment.target_topic == topic.name;
      };
      auto sent = std::find_if(next, request.sent.end(), asked);
      if (sent == request.sent.end()) sent = std::find_if(request.sent.begin(), request.sent.end(), asked);
      if (sent == request.sent.end()) continue;
      HandlePartition(*sent, partition);
      sent->stream = nullptr;
      next = sent + 1;
    }
  }
  errors_.Log();
  const bool all =
      std::all_of(request.sent.begin(), request.sent.end(), [](const Sent& sent) { return sent.stream == nullptr; });
  if (!all) return absl::DataLossError("the Produce answer lacks partitions that were sent");
  return absl::OkStatus();
}

void Sink::HandlePartition(Sent& sent, const kafka::ProduceResponse::Partition& partition) {
  Stream& stream = *sent.stream;
  CrashPoint("before-answer");
  const Answer answer = AnswerOf(partition);
  if (answer.verdict != Answer::Verdict::kAppended) {
    errors_.Add(stream.Name(), answer.error);
    if (kafka::ShowsStaleMetadata(partition.error_code)) owner_.MetadataIsStale(Side::kTarget);
  }
  if (partition.log_start_offset >= 0) stream.target_log_start = partition.log_start_offset;
  stream.partition.OnAnswer(sent.send.id, answer);
  CrashPoint("after-answer");
  if (answer.verdict == Answer::Verdict::kAppended) CheckTimesAreKept(sent, partition.log_append_time_ms);
  owner_.Changed(stream);
}

// A topic that was set to LogAppendTime since its settings were read. (The answer to a batch that the broker has
// already tells that batch's own time: UnifiedLog.append.)
void Sink::CheckTimesAreKept(const Sent& sent, int64_t log_append_time_ms) {
  Stream& stream = *sent.stream;
  if (log_append_time_ms < 0 || log_append_time_ms == sent.max_timestamp_ms) return;
  if (stream.assignment.facts.replaces_times) return;
  const std::string& topic = stream.assignment.target_topic;
  stream.partition.PutInQuarantine(
      QuarantineCode::kTargetSettings,
      absl::StrCat(
          "the target has replaced the times of the ", sent.send.record_count, " records from its offset ",
          sent.send.expected.value, " on: topic ", topic, " is set to message.timestamp.type=LogAppendTime ",
          "there. Set it to CreateTime, or accept it: --accept-target-settings=", stream.assignment.source_topic));
}

void Sink::FailAll(Request& request, const absl::Status& why) {
  if (!stopping_) {
    LOG(WARNING) << "target broker " << broker_id_ << ": " << why.message() << "; settling " << request.sent.size()
                 << " partitions";
  }
  owner_.MetadataIsStale(Side::kTarget);
  for (Sent& sent : request.sent) {
    if (sent.stream == nullptr) continue;
    Answer answer;
    answer.error = std::string(why.message());
    sent.stream->partition.OnAnswer(sent.send.id, answer);
    owner_.Changed(*sent.stream);
  }
  Finish(request);
}

void Sink::Finish(const Request& request) {
  sent_at_.erase(request.number);
  wake_.Notify();
}

void Sink::CheckProgress(Clock::time_point now) {
  const Clock::time_point oldest = sent_at_.empty() ? Clock::time_point::max() : sent_at_.begin()->second;
  const Clock::time_point since = std::min(oldest, unreachable_since_);
  SetStalled(since < now - kStalledAfter);
  if (stalled_ && !stall_logged_ && since < now - kStallLoggedAfter) {
    stall_logged_ = true;
    LOG(WARNING) << "target broker " << broker_id_ << " does not answer: its partitions wait";
  }
}

void Sink::LeadershipLost() {
  std::shared_ptr<kafka::Connection> connection = connection_.lock();
  if (!stalled_ || connection == nullptr) return;
  connection->Close(
      absl::UnavailableError(absl::StrCat("broker ", endpoint_.ToString(), " does not answer, and no longer leads")));
}

void Sink::SetStalled(bool stalled) {
  if (stalled == stalled_) return;
  stalled_ = stalled;
  if (!stalled && std::exchange(stall_logged_, false)) {
    LOG(INFO) << "target broker " << broker_id_ << " answers again";
  }
  for (Stream* stream : std::vector<Stream*>(streams_)) {  // Changed may take one away
    if (stalled) {
      stream->partition.Pause();
    } else {
      stream->partition.Resume();
      stream->doubt.Doubt(DoubtReason::kTargetStalled);
    }
    owner_.Changed(*stream);
  }
}

}  // namespace replicator
