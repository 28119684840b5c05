#include "replicator/copy/state_keeper.h"

#include <asio/post.hpp>
#include <utility>

#include "offsets/crash_point.h"

namespace replicator {
namespace {

// How often what only moved is written, unless it went with intents meanwhile: so it is on its way to the store for
// twice as long at most. Not needed for exactness: intents are written before anything is sent; it is what a restart
// has to settle at most, and how old a status read from the store can be.
constexpr Clock::duration kSaveInterval = std::chrono::seconds(1);

offsets::PartitionWrite WriteOf(Stream& stream) {
  offsets::PartitionWrite write;
  write.key = stream.assignment.key;
  write.state = stream.partition.TakeState();
  write.state.lost_at_ms = stream.lost_at_ms;
  write.state.source_log_start_max = stream.doubt.log_start_max();
  write.state.current_at_ms = stream.tombstones.current_at_ms();
  if (stream.resume.has_value() && stream.resume->done == nullptr) {
    write.state.resume_from = stream.resume->request.from;
  } else if (stream.partition.is_resuming()) {
    write.state.resume_from = stream.resumes_from;
    write.state.quarantine = stream.resumes_out_of;
  }
  if (stream.partition.quarantined()) {
    const Quarantine& quarantine = *stream.partition.quarantine();
    write.state.quarantine = {QuarantineCodeName(quarantine.code), quarantine.reason, stream.quarantined_since_ms};
  }
  return write;
}

bool IsQuarantineToStore(const Stream& stream) {
  return stream.partition.quarantined() && stream.partition.has_unsaved();
}

bool CanWrite(const Stream& stream) { return stream.partition.can_store() || IsQuarantineToStore(stream); }

// Batches wait for the state, or it has to outlive whatever comes next.
bool IsUrgent(const Stream& stream) { return stream.partition.must_store() || IsQuarantineToStore(stream); }

}  // namespace

void StateKeeper::Note(Stream& stream) {
  if (store_ == nullptr) return;
  if (CanWrite(stream) && !std::exchange(stream.noted_waiting, true)) waiting_.push_back(&stream);
  if (stream.partition.has_unsaved() && !std::exchange(stream.noted_moved, true)) moved_.push_back(&stream);
  if (!IsUrgent(stream) || std::exchange(flush_posted_, true)) return;
  // Behind what is being handled now: all of one Fetch response in one write.
  asio::post(executor_, [this] {
    flush_posted_ = false;
    std::vector<Stream*> streams = std::exchange(waiting_, {});
    for (Stream* each : streams) each->noted_waiting = false;
    std::erase_if(streams, [](const Stream* each) { return !CanWrite(*each); });
    Write(std::move(streams));
  });
}

void StateKeeper::Tick(Clock::time_point now) {
  if (store_ == nullptr || now < next_save_) return;
  next_save_ = now + kSaveInterval;
  std::vector<Stream*> due;
  std::erase_if(moved_, [&](Stream* stream) {
    if (now - stream->saved_at < kSaveInterval) return false;
    due.push_back(stream);
    return true;
  });
  Save(std::move(due));
}

void StateKeeper::SaveAll() { Save(std::exchange(moved_, {})); }

void StateKeeper::Save(std::vector<Stream*> streams) {
  for (Stream* each : streams) each->noted_moved = false;
  std::erase_if(streams, [](const Stream* each) { return !each->partition.has_unsaved(); });
  Write(std::move(streams));
}

void StateKeeper::Write(std::vector<Stream*> streams) {
  if (streams.empty()) return;
  std::vector<offsets::PartitionWrite> writes;
  writes.reserve(streams.size());
  std::vector<Stream*> to_store;
  std::vector<Stream*> to_flush;
  const Clock::time_point now = Clock::now();
  for (Stream* stream : streams) {
    writes.push_back(WriteOf(*stream));
    stream->saved_at = now;
    (log_ != nullptr && writes.back().state.must_sync ? to_flush : to_store).push_back(stream);
  }
  ++writes_in_flight_;
  CrashPoint("before-intent");
  store_->Write(writes, [this, to_store = std::move(to_store), to_flush = std::move(to_flush)]() mutable {
    asio::post(executor_, [this, to_store = std::move(to_store), to_flush = std::move(to_flush)]() mutable {
      --writes_in_flight_;
      CrashPoint("after-intent");
      OnWritten(to_store);
      if (to_flush.empty()) return;
      log_->FlushStates([this, to_flush = std::move(to_flush)]() mutable {
        asio::post(executor_, [this, to_flush = std::move(to_flush)] { OnWritten(to_flush); });
      });
    });
  });
  if (log_ == nullptr) return;
  // Behind the store, which has encoded them: what the log writes the store has before.
  std::vector<NotedState> noted;
  noted.reserve(streams.size());
  for (size_t i = 0; i < streams.size(); ++i) {
    const Assignment& assignment = streams[i]->assignment;
    noted.push_back({{assignment.source_topic, assignment.partition}, std::move(writes[i].state)});
  }
  log_->NoteStates(std::move(noted));
}

void StateKeeper::OnWritten(const std::vector<Stream*>& streams) {
  for (Stream* stream : streams) {
    stream->partition.OnStored();
    stored_(*stream);
  }
}

}  // namespace replicator
