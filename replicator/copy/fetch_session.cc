#include "replicator/copy/fetch_session.h"

#include <algorithm>
#include <limits>
#include <string>

namespace replicator {
namespace {

bool StreamBefore(const Stream* a, const Stream* b) {
  if (a->assignment.source_topic != b->assignment.source_topic)
    return a->assignment.source_topic < b->assignment.source_topic;
  return a->assignment.partition < b->assignment.partition;
}

kafka::FetchRequest::Partition PartitionOf(const Stream& stream) {
  kafka::FetchRequest::Partition partition;
  partition.partition = stream.assignment.partition;
  partition.current_leader_epoch = stream.fetch_place.leader_epoch;
  partition.fetch_offset = stream.fetch_place.offset.value;
  partition.last_fetched_epoch = stream.fetch_place.last_fetched_epoch;
  partition.partition_bytes_max = kFetchPartitionBytes;
  return partition;
}

PartitionName NameOf(const Stream& stream) {
  return {stream.assignment.source_topic, stream.assignment.source_topic_id, stream.assignment.partition};
}

}  // namespace

void FetchSession::MarkChanged(Stream& stream) {
  if (stream.fetch_place.is_changed) return;
  stream.fetch_place.is_changed = true;
  changed_.push_back(&stream);
}

void FetchSession::Include(Stream& stream) {
  FetchPlace& place = stream.fetch_place;
  FetchPlace now = place;
  now.offset = stream.partition.fetch_offset();
  now.leader_epoch = stream.source_leader.fence;
  now.last_fetched_epoch = stream.partition.fetched_epoch();
  if (place.is_member() && now == place) return;
  if (!place.is_member()) {
    now.index = members_.size();
    members_.push_back(&stream);
    // A broker forgets after it has added: what comes back must not be forgotten in the same request.
    if (!forgotten_.empty()) std::erase(forgotten_, NameOf(stream));
  }
  place = now;
  MarkChanged(stream);
}

void FetchSession::Exclude(Stream& stream) {
  FetchPlace& place = stream.fetch_place;
  if (!place.is_member()) return;
  if (place.is_known) forgotten_.push_back(NameOf(stream));
  if (place.is_changed) std::erase(changed_, &stream);
  Stream* last = members_.back();
  members_[place.index] = last;
  last->fetch_place.index = place.index;
  members_.pop_back();
  place = FetchPlace();
}

void FetchSession::Fill(kafka::FetchRequest& request) {
  request.session_id = id_;
  request.session_epoch = epoch_;
  std::vector<Stream*> ordered = is_full() ? members_ : changed_;
  std::sort(ordered.begin(), ordered.end(), StreamBefore);
  // A broker fills a response in the order of the request; within a session it sees to fairness itself.
  if (is_full() && !ordered.empty()) {
    std::rotate(ordered.begin(), ordered.begin() + static_cast<ptrdiff_t>(first_++ % ordered.size()), ordered.end());
  }
  for (Stream* stream : ordered) {
    if (request.topics.empty() || request.topics.back().name != stream->assignment.source_topic) {
      request.topics.push_back({stream->assignment.source_topic, stream->assignment.source_topic_id, {}});
    }
    request.topics.back().partitions.push_back(PartitionOf(*stream));
    stream->fetch_place.is_known = true;
    stream->fetch_place.is_changed = false;
  }
  changed_.clear();
  if (!is_full()) {
    for (const PartitionName& name : forgotten_) {
      if (request.forgotten_topics.empty() || request.forgotten_topics.back().name != name.topic) {
        request.forgotten_topics.push_back({name.topic, name.topic_id, {}});
      }
      request.forgotten_topics.back().partitions.push_back(name.partition);
    }
  }
  forgotten_.clear();
}

void FetchSession::OnAnswer(int32_t session_id, Clock::time_point now) {
  answered_at_ = now;
  if (session_id == kafka::kNewFetchSessionId) return Reset();
  if (session_id != id_) {
    id_ = session_id;
    epoch_ = kafka::kNewFetchSessionEpoch;
  }
  epoch_ = epoch_ == std::numeric_limits<int32_t>::max() ? 1 : epoch_ + 1;  // FetchMetadata.nextEpoch
}

std::optional<Clock::time_point> FetchSession::HeardAt(const Stream& stream) const {
  if (!stream.fetch_place.is_known || !stream.source_error.empty()) return std::nullopt;
  return answered_at_;
}

void FetchSession::Reset() {
  id_ = kafka::kNewFetchSessionId;
  epoch_ = kafka::kNewFetchSessionEpoch;
  forgotten_.clear();
  for (Stream* stream : changed_) stream->fetch_place.is_changed = false;
  changed_.clear();
  for (Stream* stream : members_) stream->fetch_place.is_known = false;
}

}  // namespace replicator
