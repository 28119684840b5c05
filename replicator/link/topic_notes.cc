#include "replicator/link/topic_notes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace replicator {
namespace {

constexpr size_t kNamesShownMax = 50;  // of one line of the log

std::string Names(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kNamesShownMax);
  std::string text = absl::StrJoin(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", ");
  if (shown < names.size()) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

}  // namespace

std::vector<std::string> TopicNotes::Look(const std::vector<std::string>& topics) {
  std::vector<std::string> sentences;
  left_out_by_rule_.clear();
  std::vector<std::string> is_new;
  for (const std::string& topic : topics) {
    if (filter_.IsLeftOutByRule(topic)) left_out_by_rule_.insert(topic);
  }
  for (const std::string& topic : left_out_by_rule_) {
    if (told_.insert(topic).second) is_new.push_back(topic);
  }
  if (!is_new.empty()) {
    sentences.push_back(
        absl::StrCat("left out by their names, though topics matches them: ", Names(is_new), "; ", kHowToHaveThem));
  }
  // A source that shows no topic at all may be on its way up.
  if (has_looked_ || topics.empty()) return sentences;
  has_looked_ = true;
  const std::vector<std::string> without = filter_.PatternsWithout(topics);
  if (!without.empty()) {
    sentences.push_back(
        absl::StrCat("topics names what matches no topic that the source shows to this user: ", Names(without)));
  }
  std::vector<std::string> excluded;
  for (const std::string& name : filter_.named()) {
    const bool is_there = std::find(topics.begin(), topics.end(), name) != topics.end();
    if (is_there && filter_.Decide(name) == policy::TopicDecision::kExcluded) excluded.push_back(name);
  }
  if (!excluded.empty())
    sentences.push_back(
        absl::StrCat("named in topics, but matched by topics.exclude and so not copied: ", Names(excluded)));
  return sentences;
}

}  // namespace replicator
