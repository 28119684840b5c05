// One random history of a replicated partition: the driver plays shard, source and sink around
// replicator/partition/partition.h, and the brokers' faults around a TargetLog, one event at a time, and checks the
// invariants after each. Everything follows from the seed. Single-threaded, no clock.
#ifndef REPLICATOR_TESTS_MODEL_DRIVER_H_
#define REPLICATOR_TESTS_MODEL_DRIVER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace replicator::tests {

// What happened in one or many histories, so that a test can see that the model goes where it claims to go.
struct Coverage {
  int64_t events = 0;
  int64_t drained = 0;              // ended with everything copied
  int64_t foreign_quarantines = 0;  // ended in quarantine, by reason
  int64_t lost_quarantines = 0;
  int64_t producers_renewed = 0;
  int64_t acknowledged_by_settling = 0;
  int64_t adopted = 0;  // found on the target without a send of this life in flight
  int64_t cut_back = 0;
  int64_t settles_behind_replication = 0;
  int64_t tails_compared = 0;       // record by record, that were the same
  int64_t tails_other = 0;          // that were not
  int64_t tails_not_compared = 0;   // since the source no longer had them
  int64_t duplicates_answered = 0;  // by the broker's cache
  int64_t out_of_order = 0;         // error 45
  int64_t late_landings = 0;
  int64_t late_doubles = 0;  // late, with the producer forgotten: stored a second time
  int64_t overtaken_fetches = 0;
  int64_t take_overs = 0;
  int64_t restarts = 0;
  int64_t power_cuts = 0;
  int64_t intents_settled = 0;
  int64_t wraps = 0;  // sequences past 2^31 - 1
  int64_t retentions = 0;
  int64_t target_retentions = 0;
  int64_t both_emptied = 0;     // began where neither side had a record
  int64_t went_on = 0;          // behind a place found by content, with what was known below
  int64_t counted_forward = 0;  // since content did not tell the place
  int64_t checks_again = 0;     // out of a quarantine
  int64_t alternations = 0;     // of processes with folders of their own
  int64_t located = 0;          // by the target's last batch, instead of by counting
  int64_t searches_overtaken = 0;
  int64_t source_elections = 0;
  int64_t source_truncations = 0;
  int64_t source_recreations = 0;
  int64_t looks = 0;             // at the source's history, that ended
  int64_t looks_overtaken = 0;   // by another reason for doubt
  int64_t blind = 0;             // ended where another log cannot be told from the one that was copied
  int64_t borders = 0;           // of leader epochs, that led to a look
  int64_t divergences_told = 0;  // by the source
  int64_t truncated_quarantines = 0;

  void Add(const Coverage& other);
};

// Runs the history of `seed`. Returns the first violated invariant in words, or "". Adds what happened to `coverage`
// and, when `trace` is not null, a line per event to it.
std::string RunHistory(uint64_t seed, Coverage& coverage, std::vector<std::string>* trace);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_DRIVER_H_
