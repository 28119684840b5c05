#include "policy/tail_match.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace replicator::policy {

TailMatch::TailMatch(int64_t begin, std::vector<RecordMark> tail) : begin_(begin) {
  for (size_t i = 0; i < tail.size(); ++i) {
    Entry& entry = entries_[tail[i].content];
    ++entry.times_in_tail;
    entry.index = i;
    entry.target_offset = tail[i].offset;
  }
  const bool has_holes = !tail.empty() && tail.back().offset - begin + 1 != static_cast<int64_t>(tail.size());
  if (!has_holes) return;
  for (size_t i = 0; i < tail.size(); ++i) last_of_key_[tail[i].key] = i;
}

void TailMatch::AddBatch(int64_t next_offset, absl::Span<const RecordMark> records) {
  for (size_t i = 0; i < records.size(); ++i) Add(records[i], next_offset, i + 1 == records.size());
}

void TailMatch::Add(const RecordMark& record, int64_t batch_end, bool ends_batch) {
  auto found = entries_.find(record.content);
  if (found == entries_.end()) {
    ++records_since_match_;
    if (IsSuperseded(record)) return;
    ++strangers_;
    last_stranger_ = record.offset;
    return;
  }
  Entry& entry = found->second;
  ++entry.times_in_source;
  entry.source_offset = record.offset;
  entry.batch_end = batch_end;
  entry.ends_batch = ends_batch;
  entry.strangers_before = strangers_;
  entry.last_stranger = last_stranger_;
  furthest_ = std::max(furthest_, entry.index + 1);
  records_since_match_ = 0;
  matched_ = true;
}

// The target was compacted too, and may have had this one: it has a newer record of that key.
bool TailMatch::IsSuperseded(const RecordMark& record) const {
  auto newer = last_of_key_.find(record.key);
  return newer != last_of_key_.end() && newer->second >= furthest_;
}

TailPlace TailMatch::Result() const {
  std::vector<const Entry*> common;
  for (const auto& [content, entry] : entries_) {
    if (entry.is_unique()) common.push_back(&entry);
  }
  if (common.empty() && !matched_) return {};
  std::sort(common.begin(), common.end(),
            [](const Entry* a, const Entry* b) { return a->source_offset < b->source_offset; });
  std::string doubt = Doubt(common);
  if (!doubt.empty()) return {TailPlace::Kind::kUnclear, -1, std::move(doubt)};
  return {TailPlace::Kind::kFound, common.back()->batch_end, ""};
}

// Why the last of the common records, in the source's order, does not prove the place; empty if it does.
std::string TailMatch::Doubt(const std::vector<const Entry*>& common) const {
  if (common.empty()) return "the records that both sides have occur more than once";
  const Entry& first = *common.front();
  const Entry& last = *common.back();
  for (const auto& [content, entry] : entries_) {
    if (!entry.is_unique() && entry.source_offset > last.source_offset) {
      return absl::StrCat("the source's record at offset ", entry.source_offset, " occurs more than once");
    }
  }
  for (size_t i = 1; i < common.size(); ++i) {
    const int64_t target_distance = common[i]->target_offset - common[i - 1]->target_offset;
    if (target_distance <= 0 || common[i]->source_offset - common[i - 1]->source_offset < target_distance) {
      return absl::StrCat("the source's records at offsets ", common[i - 1]->source_offset, " and ",
                          common[i]->source_offset, " do not follow one another in the same way on the target");
    }
  }
  if (last.strangers_before != first.strangers_before) {
    return absl::StrCat("the source's record at offset ", last.last_stranger,
                        " is not on the target, although one behind it is");
  }
  if (first.last_stranger >= 0 && first.source_offset - first.last_stranger <= first.target_offset - begin_) {
    return absl::StrCat("the source's record at offset ", first.last_stranger,
                        " is not on the target, although the one behind it is");
  }
  if (!last.ends_batch) {
    return absl::StrCat("the source's record at offset ", last.source_offset,
                        " is on the target, but not what follows it in its batch");
  }
  return "";
}

}  // namespace replicator::policy
