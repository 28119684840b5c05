// How many connections a shard has for producing to one target broker. A broker works on one request of a connection at
// a time, and answers it when its in-sync replicas have the batches: where that takes long, one connection leaves the
// broker idle and partitions waiting. So each broker begins with one and gets another when those it has are saturated
// for most of a window, as long as the last one helped.
//
// Pure: no I/O, no clock, no thread. One owner, one thread.
#ifndef REPLICATOR_REPLICATOR_COPY_PRODUCE_CONNECTIONS_H_
#define REPLICATOR_REPLICATOR_COPY_PRODUCE_CONNECTIONS_H_

#include <chrono>
#include <cstdint>

namespace replicator {

class ProduceConnections {
 public:
  using Clock = std::chrono::steady_clock;

  // What is looked at before one is opened, and after it to see whether it helped.
  static constexpr Clock::duration kWindow = std::chrono::milliseconds(1500);
  // Of the looks within a window, at all connections.
  static constexpr double kSaturatedShareMin = 0.75;
  // Bytes per second with the last one, against without it. A broker whose processor or disk is the limit does not get
  // quicker.
  static constexpr double kGainMin = 1.1;
  // When the last one did not help, until the next is tried.
  static constexpr Clock::duration kRetryAfter = std::chrono::seconds(60);

  // `most` >= 1.
  explicit ProduceConnections(int most) : most_(most) {}

  // To be called a few times a second. `saturated`: how many of the open connections have no room for another request
  // at this moment although partitions wait; `bytes_sent`: what all of them have sent in their lives. True: open
  // another, which counts as open from here on.
  bool Look(Clock::time_point now, int saturated, int64_t bytes_sent);

  // The broker does not answer at present: what was seen in this window says nothing about its connections.
  void Forget() { looks_ = 0; }

  int open() const { return open_; }

 private:
  const int most_;
  int open_ = 1;
  // The present window; it begins with the first look.
  int looks_ = 0;
  int saturated_looks_ = 0;
  Clock::time_point begin_;
  int64_t bytes_at_begin_ = 0;
  // Of the window before the last one was opened; 0 once it was judged.
  double bytes_per_second_before_ = 0;
  Clock::time_point not_before_ = Clock::time_point::min();
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_PRODUCE_CONNECTIONS_H_
