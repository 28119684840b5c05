// Deliberate breaks of the invariants, for the model test: it shows that each break is caught. Compiled in only with
// REPLICATOR_MUTATIONS; in the program Mutated() is a constant false and leaves no trace.
#ifndef REPLICATOR_REPLICATOR_PARTITION_MUTATION_H_
#define REPLICATOR_REPLICATOR_PARTITION_MUTATION_H_

namespace replicator {

enum class Mutation {
  kNone,
  kAFetchesOnAfterAFailure,
  kBSequenceStartsAnew,
  kCBaseOffsetIsNotChecked,
  kDSendsBeforeTheIntentIsStored,
  kEResendsBlindly,
  kEDoesNotWaitForTheHighWatermark,
  kETakesWhatWasRewritten,
  kFCountsWithoutLooking,
  kFIgnoresLostRecords,
  kFHearsAnEarlierLeader,
  kFGuessesWhatLiesBetween,
  kGReadsOnBehindAnotherLeader,
  kGPassesAnotherEpoch,
  kGRetriesWithoutALook,
  kGAnOldAnswerSettles,
  kGTakesAnotherBatchForTheCopied,
  kGGuessesAPlace,
  kGGuessesBehindAnEmptiedTarget,
  kHCountsBehindRetention,
  kIDoesNotOutwaitOldRequests,
  kJPositionWaitsForAnAnswer,
  kKTheOldHolderGoesOn,  // of the model's own: the lock's holders are its processes
};

#ifdef REPLICATOR_MUTATIONS
// Which one is in force. Set by one test thread.
inline Mutation active_mutation = Mutation::kNone;
inline bool Mutated(Mutation mutation) { return active_mutation == mutation; }
#else
constexpr bool Mutated(Mutation) { return false; }
#endif

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_MUTATION_H_
