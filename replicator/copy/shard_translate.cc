// What a shard tells of its offset maps, and what it keeps of them in memory. On the shard's loop, but for the store's
// answers: what the maps have left to the store is read on a thread of the store's.
#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "offsets/known_ranges.h"
#include "offsets/run_share.h"
#include "replicator/copy/shard.h"

namespace replicator {

struct Shard::Translation {
  // What the store had, for one question.
  struct Stored {
    size_t question;
    const Member* member;
    int64_t times_cut;  // of the map, when it was asked
    std::vector<offsets::KnownRange> chunks;
  };

  std::vector<TranslationQuestion> questions;
  std::function<void(std::vector<TranslationAnswer>)> done;
  std::vector<Stored> stored;  // by question; one may have two
};

namespace {

// The offsets of `question` whose place only the store knows: what is asked for, and where the log begins now, if that
// is what counts.
std::vector<int64_t> LeftToTheStore(const TranslationQuestion& question, const Stream& stream) {
  const offsets::OffsetMap& map = stream.partition.map();
  if (!map.older_are_stored()) return {};
  const offsets::MapBegin& begin = map.ranges().front().begin;
  const int64_t known_from = question.to_source ? begin.target.value : begin.source.value;
  const int64_t log_start = question.to_source ? stream.target_log_start : stream.source_log_start;
  std::vector<int64_t> left;
  if (question.offset >= 0 && question.offset < known_from) left.push_back(question.offset);
  if (question.offset < log_start && log_start < known_from) left.push_back(log_start);
  return left;
}

}  // namespace

void Shard::Translate(std::vector<TranslationQuestion> questions,
                      std::function<void(std::vector<TranslationAnswer>)> done) {
  asio::post(io_, [this, questions = std::move(questions), done = std::move(done)]() mutable {
    BeginTranslation({std::move(questions), std::move(done), {}});
  });
}

void Shard::BeginTranslation(Translation translation) {
  std::vector<offsets::ChunkQuestion> asked;
  for (size_t i = 0; i < translation.questions.size(); ++i) {
    const TranslationQuestion& question = translation.questions[i];
    const Member* member = Find(question.source_topic, question.partition);
    if (member == nullptr || options_.store == nullptr) continue;
    const Stream& stream = *member->stream;
    for (const int64_t offset : LeftToTheStore(question, stream)) {
      asked.push_back({stream.assignment.key, offset, question.to_source});
      translation.stored.push_back({i, member, stream.partition.map().times_cut(), {}});
    }
  }
  if (asked.empty()) return Answer(translation);
  options_.store->ReadChunks(std::move(asked), [this, translation = std::move(translation)](
                                                   std::vector<std::vector<offsets::KnownRange>> chunks) mutable {
    for (size_t i = 0; i < chunks.size(); ++i) translation.stored[i].chunks = std::move(chunks[i]);
    asio::post(io_, [this, translation = std::move(translation)]() mutable { Answer(translation); });
  });
}

void Shard::Answer(Translation& translation) {
  std::vector<TranslationAnswer> answers;
  answers.reserve(translation.questions.size());
  auto stored = translation.stored.begin();
  for (size_t i = 0; i < translation.questions.size(); ++i) {
    const TranslationQuestion& question = translation.questions[i];
    const Member* member = Find(question.source_topic, question.partition);
    if (member == nullptr) {
      answers.emplace_back().is_copied = false;
      continue;
    }
    offsets::KnownRanges older;
    for (; stored != translation.stored.end() && stored->question == i; ++stored) {
      // What was cut since is known no more.
      if (stored->times_cut != member->stream->partition.map().times_cut()) continue;
      for (offsets::KnownRange& chunk : stored->chunks) older.Add(std::move(chunk));
    }
    answers.push_back(AnswerOf(*member->stream, question, std::move(older)));
  }
  translation.done(std::move(answers));
}

// `older`: of the map, what the store knows around the offset.
TranslationAnswer Shard::AnswerOf(const Stream& stream, const TranslationQuestion& question,
                                  offsets::KnownRanges older) {
  const Partition& partition = stream.partition;
  TranslationAnswer facts;
  facts.is_quarantined = partition.quarantined();
  facts.source_log_start = stream.source_log_start;
  facts.target_log_start = stream.target_log_start;
  // The target may have lost some of what an earlier process knew.
  if (!partition.has_place() || (!partition.is_settled() && !partition.quarantined()))
    return Translated(question.offset, question.to_source, {}, facts);
  facts.position = partition.position().value;
  facts.target_end = partition.target_end().value;
  const absl::Span<const offsets::KnownRange> in_memory = partition.map().ranges();
  if (older.ranges().empty()) return Translated(question.offset, question.to_source, in_memory, facts);
  older.Add(in_memory.front());
  return Translated(question.offset, question.to_source, older.ranges(), facts);
}

Shard::Member* Shard::Find(const std::string& source_topic, int32_t partition) {
  auto found = member_by_name_.find({source_topic, partition});
  return found == member_by_name_.end() ? nullptr : found->second;
}

// The runs that are copied between two looks come on top.
void Shard::ShareRuns() {
  std::vector<size_t> counts;
  counts.reserve(members_.size());
  for (const Member& member : members_) counts.push_back(member.stream->partition.map().run_count());
  const size_t each = offsets::RunsEach(std::move(counts), options_.runs_max);
  for (Member& member : members_) member.stream->partition.LeaveRunsToTheStore(each);
}

}  // namespace replicator
