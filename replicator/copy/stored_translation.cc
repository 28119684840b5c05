#include "replicator/copy/stored_translation.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "offsets/known_ranges.h"
#include "offsets/store.h"
#include "replicator/base/exit_code.h"
#include "replicator/memory/folder_rights.h"

namespace replicator {
namespace {

// A process that is starting or writing may take a file away while it is read.
constexpr int kReadTries = 5;
constexpr absl::Duration kReadInterval = absl::Milliseconds(100);

TranslationAnswer AnswerFrom(const offsets::Store& store, offsets::PartitionKey key,
                             const offsets::PartitionState& state, const TranslationQuestion& question) {
  TranslationAnswer facts;
  facts.is_quarantined = state.quarantine.has_value();
  facts.source_log_start = state.source_log_start_max;
  offsets::KnownRanges known;
  if (!state.eras.empty()) {  // else it never began
    facts.position = state.position.value;
    facts.target_end = state.target_end.value;
    // What is asked for, and where the log begins now, since that may be what counts.
    std::vector<offsets::ChunkQuestion> asked = {{key, question.offset, question.to_source}};
    if (!question.to_source && question.offset < facts.source_log_start)
      asked.push_back({key, facts.source_log_start, false});
    for (std::vector<offsets::KnownRange>& chunks : store.ReadChunksNow(asked)) {
      for (offsets::KnownRange& chunk : chunks) known.Add(std::move(chunk));
    }
    known.Add(state.tail());
  }
  return Translated(question.offset, question.to_source, known.ranges(), facts);
}

absl::StatusOr<std::vector<TranslationAnswer>> ReadOnce(const std::string& folder,
                                                        const std::vector<TranslationQuestion>& questions) {
  absl::StatusOr<std::unique_ptr<offsets::Store>> store = offsets::Store::Open({.folder = folder, .read_only = true});
  if (!store.ok()) return store.status();
  const auto topics = (*store)->LoadTopics();
  if (!topics.ok()) return topics.status();
  const auto partitions = (*store)->LoadPartitions(/*chunks_max=*/0);
  if (!partitions.ok()) return partitions.status();
  std::vector<TranslationAnswer> answers;
  for (const TranslationQuestion& question : questions) {
    const auto topic = topics->find(question.source_topic);
    const auto state =
        topic == topics->end() ? partitions->end() : partitions->find({topic->second.number, question.partition});
    if (state == partitions->end()) {
      answers.emplace_back().is_copied = false;
    } else {
      answers.push_back(AnswerFrom(**store, state->first, state->second, question));
    }
  }
  return answers;
}

}  // namespace

absl::StatusOr<std::vector<TranslationAnswer>> TranslateInStore(const std::string& folder,
                                                                const std::vector<TranslationQuestion>& questions) {
  const absl::StatusOr<bool> is_there = IsThere(folder + "/store/CURRENT");
  if (!is_there.ok()) return is_there.status();
  for (int tries = 1;; ++tries) {
    absl::StatusOr<std::vector<TranslationAnswer>> answers = ReadOnce(folder, questions);
    if (answers.ok() || absl::IsNotFound(answers.status())) return answers;
    if (tries == kReadTries) return StateFolderError(answers.status());
    absl::SleepFor(kReadInterval);
  }
}

}  // namespace replicator
