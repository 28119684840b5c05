#include "replicator/locate/asker.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace replicator {

Asker::Asker(asio::any_io_executor executor, Side side, int32_t broker_id, kafka::Endpoint endpoint,
             kafka::ConnectionOptions options, StreamOwner& owner)
    : owner_(owner),
      side_(side),
      broker_id_(broker_id),
      broker_(absl::StrCat(side == Side::kSource ? "source" : "target", " broker ", broker_id)),
      lane_(std::move(endpoint), std::move(options)),
      wake_(executor) {}

void Asker::Add(Stream* stream) {
  streams_.push_back(stream);
  Wake();
}

void Asker::Stop() {
  stopping_ = true;
  lane_.Close();
  Wake();
}

asio::awaitable<void> Asker::Run() {
  while (!stopping_) {
    Clock::time_point next_due = Clock::time_point::max();
    Streams due = Due(Clock::now(), &next_due);
    if (due.empty()) {
      co_await wake_.Wait(next_due);
      continue;
    }
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connected = co_await lane_.Get();
    if (stopping_) co_return;
    absl::Status asked = connected.status();
    if (connected.ok()) {
      std::shared_ptr<kafka::Connection> connection = *connected;
      // While this waited for the connection, others may have come to lead some.
      Streams led = due;
      std::erase_if(led, [this](const Stream* stream) { return !Leads(*stream); });
      if (!led.empty()) asked = co_await Ask(connection, std::move(led));
    }
    if (stopping_) co_return;
    if (asked.ok()) {
      failures_.Ends();
    } else {
      OnFailure(due, asked);
    }
  }
}

Asker::Streams Asker::Due(Clock::time_point now, Clock::time_point* next_due) const {
  Streams due;
  for (Stream* stream : streams_) {
    if (!MustAsk(*stream)) continue;
    if (stream->ask_not_before > now) {
      *next_due = std::min(*next_due, stream->ask_not_before);
    } else {
      due.push_back(stream);
    }
  }
  return due;
}

void Asker::OnFailure(const Streams& due, const absl::Status& why) {
  if (failures_.Fails()) LOG(WARNING) << broker_ << ": " << why.message() << "; asking again";
  for (Stream* stream : due) SetError(*stream, why.message());
  owner_.MetadataIsStale(side_);
}

bool Asker::Leads(const Stream& stream) const {
  const Leader& leader = side_ == Side::kSource ? stream.source_leader : stream.target_leader;
  return leader.broker == broker_id_;
}

std::string& Asker::ErrorOf(Stream& stream) const {
  return side_ == Side::kSource ? stream.locate_error : stream.settle_error;
}

// A stream that another broker leads by now has an error of that one.
void Asker::SetError(Stream& stream, std::string_view error) const {
  if (Leads(stream)) ErrorOf(stream) = absl::StrCat(broker_, ": ", error);
}

void Asker::BackOff(Stream& stream, std::string error) {
  SetError(stream, error);
  ++stream.ask_failures;
  if (stream.ask_failures == 1 || stream.ask_failures % 20 == 0) errors_.Add(stream.Name(), error);
  stream.ask_not_before = Clock::now() + owner_.BackoffAfter(stream.ask_failures);
}

}  // namespace replicator
