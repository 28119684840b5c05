#include "tests/cluster/verifier.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/process.h"
#include "tests/cluster/record_stream.h"
#include "tests/cluster/sequence_match.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(50);
// A broker that has just started may not know its topics for a moment.
constexpr absl::Duration kTopicPatience = absl::Seconds(5);

enum Side { kSource = 0, kTarget = 1 };
constexpr const char* kSideNames[] = {"source", "target"};

struct PartitionRange {
  std::string topic;
  int partition = 0;
  OffsetRange source;
  OffsetRange target;
};

std::string NameOf(const PartitionRange& range) {
  return absl::StrCat("topic ", range.topic, " partition ", range.partition);
}

// The first pass's state: what both readers have seen, and by how much one is ahead of the other in each partition.
class Lockstep {
 public:
  struct Partition {
    std::deque<uint64_t> ahead;  // Digests that the side `ahead_side` has delivered and the other has not.
    Side ahead_side = kSource;
    int64_t records[2] = {0, 0};
    int64_t compared = 0;  // Pairs that were equal.
    int64_t source_bytes = 0;
    bool source_done = false;
    bool differs = false;
    uint64_t differing[2] = {0, 0};  // The digests, by side, of the first pair that was not equal.
  };

  explicit Lockstep(size_t partitions) : partitions_(partitions) {}

  struct Entry {
    size_t partition;
    uint64_t digest;
    int64_t bytes;
  };

  void Add(Side side, const std::vector<Entry>& entries) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    for (const Entry& entry : entries) AddOne(side, entry);
  }

  // True while this side may read on. A side that is too far ahead waits for the other.
  bool HasRoom(Side side) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return ahead_total_[side] < kDigestsMax;
  }

  void SetSourceDone(size_t partition) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    partitions_[partition].source_done = true;
  }

  bool Differs(size_t partition) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return partitions_[partition].differs;
  }

  // The source is read and the target has as many records.
  bool TargetComplete(size_t partition) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const Partition& state = partitions_[partition];
    return state.source_done && state.records[kTarget] >= state.records[kSource];
  }

  // When both readers have ended.
  const Partition& Get(size_t partition) const ABSL_NO_THREAD_SAFETY_ANALYSIS { return partitions_[partition]; }

 private:
  void AddOne(Side side, const Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Partition& state = partitions_[entry.partition];
    ++state.records[side];
    if (side == kSource) state.source_bytes += entry.bytes;
    if (state.differs) return;
    if (state.ahead.empty() || state.ahead_side == side) {
      state.ahead_side = side;
      state.ahead.push_back(entry.digest);
      ++ahead_total_[side];
      return;
    }
    --ahead_total_[state.ahead_side];
    state.differs = state.ahead.front() != entry.digest;
    if (state.differs) {
      state.differing[side] = entry.digest;
      state.differing[state.ahead_side] = state.ahead.front();
    }
    state.ahead.pop_front();
    if (!state.differs) {
      ++state.compared;
      return;
    }
    ahead_total_[state.ahead_side] -= static_cast<int64_t>(state.ahead.size());
    state.ahead.clear();
  }

  mutable absl::Mutex mutex_;
  std::vector<Partition> partitions_ ABSL_GUARDED_BY(mutex_);
  int64_t ahead_total_[2] ABSL_GUARDED_BY(mutex_) = {0, 0};
};

// One verification from beginning to end.
class Comparison {
 public:
  Comparison(const VerifierOptions& options, absl::Duration timeout, bool wait_for_target)
      : options_(options), deadline_(absl::Now() + timeout), wait_for_target_(wait_for_target) {}

  absl::StatusOr<VerifyResult> Run();

 private:
  absl::Status Prepare();
  absl::Status CheckTopic(const std::string& topic, std::string* shape_difference);
  absl::Status AddRanges(const std::string& topic);
  StreamOptions OptionsFor(Side side, std::vector<StreamRange> ranges) const;
  absl::Status ReadBoth();
  absl::Status Read(Side side);
  void FinishRanges(Side side, RecordStream* stream);
  absl::StatusOr<PartitionVerdict> Judge(size_t index);
  absl::StatusOr<bool> SourceHasGrown(const PartitionRange& range);
  struct Digests {
    std::vector<uint64_t> content;
    std::vector<int64_t> offsets;
  };
  absl::Status Explain(const PartitionRange& range, const Lockstep::Partition& first_pass, PartitionVerdict* verdict);
  absl::StatusOr<Digests> ReadDigests(Side side, const PartitionRange& range);
  absl::StatusOr<std::string> ReadAThirdTime(const PartitionRange& range, const Lockstep::Partition& first_pass,
                                             const Digests& source, const Digests& target);
  absl::StatusOr<std::string> ChangedFields(const PartitionRange& range, int64_t source_offset, int64_t target_offset);
  absl::StatusOr<std::string> Describe(const PartitionRange& range, const SequenceMatch& match, const Digests& source,
                                       const Digests& target);

  const VerifierOptions& options_;
  const absl::Time deadline_;
  const bool wait_for_target_;
  std::unique_ptr<ClusterAdmin> admins_[2];
  std::vector<PartitionRange> ranges_;
  std::vector<PartitionVerdict> shape_verdicts_;  // Topics that cannot be compared at all.
  std::unique_ptr<Lockstep> lockstep_;
  std::atomic<bool> cancelled_ = false;  // One reader has failed.
};

absl::Status Comparison::Prepare() {
  const std::string* servers[] = {&options_.source_bootstrap_servers, &options_.target_bootstrap_servers};
  const ClientProperties* properties[] = {&options_.source_client_properties, &options_.target_client_properties};
  for (Side side : {kSource, kTarget}) {
    absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(*servers[side], *properties[side]);
    if (!admin.ok()) return admin.status();
    admins_[side] = *std::move(admin);
  }
  for (const std::string& topic : options_.topics) {
    std::string difference;
    absl::Status status = CheckTopic(topic, &difference);
    if (!status.ok()) return status;
    if (difference.empty()) {
      status = AddRanges(topic);
      if (!status.ok()) return status;
    } else {
      PartitionVerdict verdict;
      verdict.topic = topic;
      verdict.first_difference = difference;
      shape_verdicts_.push_back(verdict);
    }
  }
  return absl::OkStatus();
}

// Both sides must have the topic, with one partition count. While waiting, the target may still get it.
absl::Status Comparison::CheckTopic(const std::string& topic, std::string* shape_difference) {
  absl::StatusOr<TopicState> source = absl::UnknownError("not asked");
  WaitFor([&] { return (source = admins_[kSource]->DescribeTopic(topic)).ok(); }, kTopicPatience);
  if (!source.ok()) return source.status();
  const size_t wanted = source->partitions.size();
  absl::StatusOr<TopicState> target = absl::UnknownError("not asked");
  auto there = [&] {
    target = admins_[kTarget]->DescribeTopic(topic);
    return target.ok() && target->partitions.size() == wanted;
  };
  if (WaitFor(there, wait_for_target_ ? deadline_ - absl::Now() : kTopicPatience)) return absl::OkStatus();
  if (target.ok()) {
    *shape_difference = absl::StrCat("topic ", topic, " has ", wanted, " partitions at the source and ",
                                     target->partitions.size(), " at the target");
    return absl::OkStatus();
  }
  if (!absl::IsNotFound(target.status())) return target.status();
  *shape_difference = absl::StrCat("topic ", topic, " is missing at the target");
  return absl::OkStatus();
}

absl::Status Comparison::AddRanges(const std::string& topic) {
  // The target first: what is written meanwhile can then only be missing there.
  absl::StatusOr<std::vector<OffsetRange>> target = admins_[kTarget]->Offsets(topic, options_.target_read_committed);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::vector<OffsetRange>> source = admins_[kSource]->Offsets(topic, options_.source_read_committed);
  if (!source.ok()) return source.status();
  if (source->size() != target->size())
    return absl::AbortedError(absl::StrCat("topic ", topic, " changes its partitions"));
  for (size_t i = 0; i < source->size(); ++i) {
    PartitionRange range{
        .topic = topic, .partition = static_cast<int>(i), .source = (*source)[i], .target = (*target)[i]};
    const TopicPartition name(topic, range.partition);
    if (auto found = options_.source_start_offsets.find(name); found != options_.source_start_offsets.end()) {
      range.source.start = found->second;
    }
    if (auto found = options_.target_start_offsets.find(name); found != options_.target_start_offsets.end()) {
      range.target.start = found->second;
    }
    ranges_.push_back(range);
  }
  return absl::OkStatus();
}

StreamOptions Comparison::OptionsFor(Side side, std::vector<StreamRange> ranges) const {
  const bool source = side == kSource;
  return {.bootstrap_servers = source ? options_.source_bootstrap_servers : options_.target_bootstrap_servers,
          .read_committed = source ? options_.source_read_committed : options_.target_read_committed,
          .ranges = std::move(ranges),
          .client_properties = source ? options_.source_client_properties : options_.target_client_properties};
}

absl::Status Comparison::ReadBoth() {
  lockstep_ = std::make_unique<Lockstep>(ranges_.size());
  absl::Status statuses[2];
  std::thread source_reader([&] { statuses[kSource] = Read(kSource); });
  statuses[kTarget] = Read(kTarget);
  source_reader.join();
  return statuses[kSource].ok() ? statuses[kTarget] : statuses[kSource];
}

absl::Status Comparison::Read(Side side) {
  std::vector<StreamRange> ranges;
  for (const PartitionRange& range : ranges_) {
    const OffsetRange& offsets = side == kSource ? range.source : range.target;
    const bool open_ended = side == kTarget && wait_for_target_;
    ranges.push_back({range.topic, range.partition, offsets.start, open_ended ? INT64_MAX : offsets.end});
  }
  absl::StatusOr<std::unique_ptr<RecordStream>> stream = RecordStream::Open(OptionsFor(side, std::move(ranges)));
  absl::Status status = stream.status();
  std::vector<Lockstep::Entry> entries;
  while (status.ok() && !cancelled_) {
    FinishRanges(side, stream->get());
    if ((*stream)->all_finished()) return absl::OkStatus();
    if (absl::Now() > deadline_) {
      // A target that is behind is a result, a side that cannot be read is an error.
      if (side == kTarget && wait_for_target_) return absl::OkStatus();
      status = absl::DeadlineExceededError(absl::StrCat("the ", kSideNames[side], " was not read to its end in time"));
      break;
    }
    if (!lockstep_->HasRoom(side)) {
      if (!lockstep_->HasRoom(side == kSource ? kTarget : kSource)) {
        status =
            absl::ResourceExhaustedError("both sides are too far ahead of each other: verify fewer topics at once");
        break;
      }
      absl::SleepFor(kPoll);
      continue;
    }
    entries.clear();
    status = (*stream)->Poll(kPoll, [&](size_t index, const rd_kafka_message_t& message) {
      entries.push_back({index, RecordDigest(message, options_.compare_timestamps, options_.compare_offsets),
                         static_cast<int64_t>(message.key_len + message.len)});
    });
    lockstep_->Add(side, entries);
  }
  if (!status.ok()) cancelled_ = true;
  return status;
}

// Tells the other side which source partitions are read, and stops reading where a difference is found or all is there.
void Comparison::FinishRanges(Side side, RecordStream* stream) {
  for (size_t i = 0; i < ranges_.size(); ++i) {
    if (side == kSource && stream->finished(i)) lockstep_->SetSourceDone(i);
    if (stream->finished(i)) continue;
    const bool complete = side == kTarget && wait_for_target_ && stream->at_end(i) && lockstep_->TargetComplete(i);
    if (complete || lockstep_->Differs(i)) stream->Finish(i);
  }
}

absl::StatusOr<bool> Comparison::SourceHasGrown(const PartitionRange& range) {
  absl::StatusOr<std::vector<OffsetRange>> now = admins_[kSource]->Offsets(range.topic, options_.source_read_committed);
  if (!now.ok()) return now.status();
  return now->at(static_cast<size_t>(range.partition)).end > range.source.end;
}

absl::StatusOr<PartitionVerdict> Comparison::Judge(size_t index) {
  const PartitionRange& range = ranges_[index];
  const Lockstep::Partition& state = lockstep_->Get(index);
  PartitionVerdict verdict;
  verdict.topic = range.topic;
  verdict.partition = range.partition;
  verdict.source_records = state.records[kSource];
  verdict.target_records = state.records[kTarget];
  verdict.source_bytes = state.source_bytes;
  verdict.equal = !state.differs && state.ahead.empty();
  if (verdict.equal) return verdict;
  if (!state.differs && state.ahead_side == kTarget && wait_for_target_) {
    // Records beyond what the source had at the beginning are not judged, if it has more by now.
    absl::StatusOr<bool> grown = SourceHasGrown(range);
    if (!grown.ok()) return grown.status();
    verdict.equal = *grown;
    if (verdict.equal) return verdict;
  }
  absl::Status status = Explain(range, state, &verdict);
  if (!status.ok()) return status;
  return verdict;
}

// The second pass.
absl::Status Comparison::Explain(const PartitionRange& range, const Lockstep::Partition& first_pass,
                                 PartitionVerdict* verdict) {
  PartitionRange now = range;
  if (wait_for_target_) {
    absl::StatusOr<std::vector<OffsetRange>> target =
        admins_[kTarget]->Offsets(range.topic, options_.target_read_committed);
    if (!target.ok()) return target.status();
    now.target.end = target->at(static_cast<size_t>(range.partition)).end;
  }
  absl::StatusOr<Digests> source = ReadDigests(kSource, now);
  if (!source.ok()) return source.status();
  absl::StatusOr<Digests> target = ReadDigests(kTarget, now);
  if (!target.ok()) return target.status();
  const SequenceMatch match = MatchSequences(source->content, target->content);
  verdict->source_records = std::max<int64_t>(verdict->source_records, static_cast<int64_t>(source->content.size()));
  verdict->target_records = std::max<int64_t>(verdict->target_records, static_cast<int64_t>(target->content.size()));
  verdict->missing = match.missing;
  verdict->duplicated = match.duplicated;
  verdict->reordered = match.reordered;
  verdict->changed = match.changed;
  verdict->foreign = match.foreign;
  const bool equal_now = match.equal() && (!options_.compare_offsets || source->offsets == target->offsets);
  absl::StatusOr<std::string> words =
      equal_now ? ReadAThirdTime(now, first_pass, *source, *target) : Describe(now, match, *source, *target);
  if (!words.ok()) return words.status();
  verdict->first_difference = *words;
  if (first_pass.compared >= kMatchedRecordsMax) {
    verdict->first_difference = absl::StrCat(NameOf(range), ": the records part after ", first_pass.compared,
                                             " equal ones, further in than the second pass looks");
  }
  if (match.equal() && options_.compare_offsets) {
    for (size_t i = 0; i < source->offsets.size(); ++i)
      verdict->changed += source->offsets[i] != target->offsets[i] ? 1 : 0;
  }
  return absl::OkStatus();
}

// Two sides that were different when they were read first stay different, though they are equal now. The words hold
// all three readings: they show which side has given another answer.
absl::StatusOr<std::string> Comparison::ReadAThirdTime(const PartitionRange& range,
                                                       const Lockstep::Partition& first_pass, const Digests& source,
                                                       const Digests& target) {
  std::string words = absl::StrCat(NameOf(range), ": different when read first, equal when read again. First reading: ",
                                   first_pass.compared, " equal records, ");
  if (first_pass.differs) {
    absl::StrAppend(&words, "then ", absl::Hex(first_pass.differing[kSource]), " and ",
                    absl::Hex(first_pass.differing[kTarget]));
  } else {
    absl::StrAppend(&words, "of ", first_pass.records[kSource], " and ", first_pass.records[kTarget]);
  }
  const Digests* second[] = {&source, &target};
  for (Side side : {kSource, kTarget}) {
    absl::StatusOr<Digests> third = ReadDigests(side, range);
    if (!third.ok()) return third.status();
    const bool same = third->content == second[side]->content && third->offsets == second[side]->offsets;
    absl::StrAppend(&words, "; ", kSideNames[side], " again: ", second[side]->content.size(), " and ",
                    third->content.size(), same ? " records, the same twice" : " records, NOT the same twice");
    const size_t at = static_cast<size_t>(first_pass.compared);
    if (at >= third->content.size()) continue;
    const uint64_t content = third->content[at];
    const int64_t offset = third->offsets[at];
    absl::StrAppend(&words, ", then ", absl::Hex(options_.compare_offsets ? absl::HashOf(content, offset) : content),
                    " at offset ", offset);
  }
  return words;
}

absl::StatusOr<Comparison::Digests> Comparison::ReadDigests(Side side, const PartitionRange& range) {
  const OffsetRange& offsets = side == kSource ? range.source : range.target;
  absl::StatusOr<std::unique_ptr<RecordStream>> stream =
      RecordStream::Open(OptionsFor(side, {{range.topic, range.partition, offsets.start, offsets.end}}));
  if (!stream.ok()) return stream.status();
  Digests digests;
  // What takes longer than the first pass was allowed to hangs.
  const absl::Time deadline = absl::Now() + absl::Minutes(2);
  while (!(*stream)->finished(0) && static_cast<int64_t>(digests.content.size()) < kMatchedRecordsMax) {
    absl::Status status = (*stream)->Poll(kPoll, [&](size_t, const rd_kafka_message_t& message) {
      digests.content.push_back(RecordDigest(message, options_.compare_timestamps, /*with_offset=*/false));
      digests.offsets.push_back(message.offset);
    });
    if (!status.ok()) return status;
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat("second reading of the ", kSideNames[side], ", ", NameOf(range)));
    }
  }
  return digests;
}

// Reads both records again and names the fields that differ.
absl::StatusOr<std::string> Comparison::ChangedFields(const PartitionRange& range, int64_t source_offset,
                                                      int64_t target_offset) {
  absl::StatusOr<std::unique_ptr<RecordStream>> source =
      RecordStream::Open(OptionsFor(kSource, {{range.topic, range.partition, source_offset, source_offset + 1}}));
  if (!source.ok()) return source.status();
  absl::StatusOr<std::unique_ptr<RecordStream>> target =
      RecordStream::Open(OptionsFor(kTarget, {{range.topic, range.partition, target_offset, target_offset + 1}}));
  if (!target.ok()) return target.status();
  std::string fields;
  absl::Status status;
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  // The target's record is read while the source's is at hand: a record lives only while it is visited.
  while (status.ok() && !(*source)->finished(0) && absl::Now() < deadline) {
    status = (*source)->Poll(kPoll, [&](size_t, const rd_kafka_message_t& ours) {
      while (status.ok() && !(*target)->finished(0) && absl::Now() < deadline) {
        status = (*target)->Poll(kPoll, [&](size_t, const rd_kafka_message_t& theirs) {
          fields = DifferingFields(ours, theirs, options_.compare_timestamps);
        });
      }
    });
  }
  if (!status.ok()) return status;
  return fields.empty() ? "(when read again, nothing)" : fields;
}

absl::StatusOr<std::string> Comparison::Describe(const PartitionRange& range, const SequenceMatch& match,
                                                 const Digests& source, const Digests& target) {
  const size_t index = static_cast<size_t>(match.index);
  auto source_offset = [&](int64_t i) {
    return absl::StrCat("source offset ", source.offsets[static_cast<size_t>(i)]);
  };
  const std::string ours = index < source.offsets.size() ? source_offset(match.index) : "the source's end";
  const std::string theirs =
      index < target.offsets.size() ? absl::StrCat("target offset ", target.offsets[index]) : "the target's end";
  std::string words;
  switch (match.kind) {
    case FirstDifference::kNone: {
      const auto differ = std::mismatch(source.offsets.begin(), source.offsets.end(), target.offsets.begin());
      if (differ.first == source.offsets.end()) return absl::StrCat(NameOf(range), ": the same records");
      words = absl::StrCat("source offset ", *differ.first, " is target offset ", *differ.second);
      break;
    }
    case FirstDifference::kMissing:
      words = absl::StrCat(
          ours, " is missing at the target: ", theirs,
          match.source_index_of_target >= 0 ? " holds " + source_offset(match.source_index_of_target) : " is reached");
      break;
    case FirstDifference::kDuplicated:
      words = absl::StrCat(theirs, " repeats ", source_offset(match.source_index_of_target));
      break;
    case FirstDifference::kReordered:
      words = absl::StrCat(theirs, " holds ", source_offset(match.source_index_of_target), " where ", ours, " belongs");
      break;
    case FirstDifference::kForeign:
      words = absl::StrCat(theirs, " holds a record that the source does not have, where ", ours, " belongs");
      break;
    case FirstDifference::kChanged: {
      absl::StatusOr<std::string> fields = ChangedFields(range, source.offsets[index], target.offsets[index]);
      if (!fields.ok()) return fields.status();
      words = absl::StrCat(ours, " ", *fields, " differs from ", theirs);
      break;
    }
  }
  return absl::StrCat(NameOf(range), ": ", words);
}

void AddVerdict(PartitionVerdict verdict, VerifyResult* result) {
  result->records += verdict.source_records;
  result->bytes += verdict.source_bytes;
  result->missing += verdict.missing;
  result->duplicated += verdict.duplicated;
  result->reordered += verdict.reordered;
  result->changed += verdict.changed;
  result->foreign += verdict.foreign;
  if (!verdict.equal && result->equal) {
    result->equal = false;
    result->first_difference = verdict.first_difference;
  }
  result->partitions.push_back(std::move(verdict));
}

absl::StatusOr<VerifyResult> Comparison::Run() {
  const absl::Time begin = absl::Now();
  absl::Status status = Prepare();
  if (status.ok()) status = ReadBoth();
  if (!status.ok()) return status;
  VerifyResult result;
  result.equal = true;
  for (PartitionVerdict& verdict : shape_verdicts_) AddVerdict(std::move(verdict), &result);
  for (size_t i = 0; i < ranges_.size(); ++i) {
    absl::StatusOr<PartitionVerdict> verdict = Judge(i);
    if (!verdict.ok()) return verdict.status();
    AddVerdict(*std::move(verdict), &result);
  }
  result.elapsed = absl::Now() - begin;
  return result;
}

}  // namespace

std::string VerifyResult::Summary() const {
  const std::string size =
      absl::StrFormat("%d records, %.1f MB, %d partitions in %.1f s", records, static_cast<double>(bytes) / 1e6,
                      partitions.size(), absl::ToDoubleSeconds(elapsed));
  if (equal) return absl::StrCat("equal: ", size);
  return absl::StrFormat("DIFFERENT: %s; missing %d, duplicated %d, reordered %d, changed %d, foreign %d; first: %s",
                         size, missing, duplicated, reordered, changed, foreign, first_difference);
}

absl::StatusOr<VerifyResult> Verifier::Verify(absl::Duration timeout) {
  return Run(timeout, /*wait_for_target=*/false);
}

absl::StatusOr<VerifyResult> Verifier::WaitUntilEqual(absl::Duration timeout) {
  return Run(timeout, /*wait_for_target=*/true);
}

absl::StatusOr<VerifyResult> Verifier::VerifyOnceEqual(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (true) {
    absl::StatusOr<VerifyResult> result = WaitUntilEqual(deadline - absl::Now());
    if (!result.ok() || !result->equal) return result;
    result = Verify(timeout);
    if (!result.ok() || result->missing == 0 || absl::Now() >= deadline) return result;
  }
}

absl::StatusOr<VerifyResult> Verifier::Run(absl::Duration timeout, bool wait_for_target) {
  if (options_.topics.empty()) return absl::InvalidArgumentError("no topics to verify");
  absl::StatusOr<VerifyResult> result = Comparison(options_, timeout, wait_for_target).Run();
  if (!result.ok()) return AsHarness(result.status());  // a side that cannot be read is no difference
  return result;
}

}  // namespace replicator::tests
