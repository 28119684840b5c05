// What the operator should know of the topics that the file's patterns do not reach, said once for each: those that are
// left out by a rule that does not stand in the file, and elements of `topics` that match nothing at the source.
//
// Used by the control loop.
#ifndef REPLICATOR_REPLICATOR_LINK_TOPIC_NOTES_H_
#define REPLICATOR_REPLICATOR_LINK_TOPIC_NOTES_H_

#include <set>
#include <string>
#include <vector>

#include "policy/topic_filter.h"

namespace replicator {

class TopicNotes {
 public:
  // `filter` outlives this object.
  explicit TopicNotes(const policy::TopicFilter& filter) : filter_(filter) {}

  // `topics`: all that the source shows, without those that it calls internal itself. Returns the sentences that are to
  // be logged as warnings: at the first look all there are, later those on topics that are new.
  std::vector<std::string> Look(const std::vector<std::string>& topics);

  // Topics that match `topics` and are left out by a rule; by the last look, in the order of their names.
  const std::set<std::string>& left_out_by_rule() const { return left_out_by_rule_; }

 private:
  const policy::TopicFilter& filter_;
  bool has_looked_ = false;
  std::set<std::string> left_out_by_rule_;
  std::set<std::string> told_;
};

// How to have them copied: half a sentence.
inline constexpr char kHowToHaveThem[] = "a topic is copied when topics has its name in full";

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_TOPIC_NOTES_H_
