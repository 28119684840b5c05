// What goes wrong at the source: its leaders change, its log is cut back, its topic is made anew, its records are
// deleted. And what retention does on both sides.
#include <algorithm>

#include "tests/model/history.h"

namespace replicator::tests {

// Takes only what is on the target for good: nothing is lost, however far behind the owner is.
void History::DeleteAtSource() {
  // Not within the moment between a look at an empty target and the beginning there: what lands late in that moment
  // must still be at the source.
  if (!partition().begun()) return;
  int64_t end = source_.log_start();
  for (const TargetLog::LogBatch& batch : target_.batches()) {
    const int content = batch.produce.content;
    if (content == kEarlierContent) continue;
    if (!InPlace(batch) || !source_.entry(content).is_there || batch.end_offset() > true_high_watermark_) break;
    const int64_t next = source_.entry(content).end;
    if (next > end && !random_.OneIn(3)) end = next;
  }
  if (end == source_.log_start()) return;
  // And what was left out behind it.
  for (int index = source_.FirstAt(end); index < source_.visible() && random_.OneIn(2); ++index) {
    const SourceLog::Entry& entry = source_.entry(source_.content_at(index));
    if (entry.record_count > 0 || entry.end > partition().position().value) break;
    end = entry.end;
  }
  ++coverage_.retentions;
  source_.DeleteBelow(end);
  Trace("retention at the source: begins at ", end);
}

// All of it, whatever the source still has.
void History::DeleteAtTarget() {
  if (target_.high_watermark() != target_.log_end() || target_.log_end() == target_.start()) return;
  ++coverage_.target_retentions;
  target_.DeleteAll();
  Trace("retention at the target: nothing is left up to ", target_.log_end());
  if (Knows(kForgetProducer) && random_.OneIn(2)) ForgetProducer();
  if (Knows(kSourceRetention)) DeleteAtSource();
}

// The new leader has all that could be read.
void History::ElectAtSource() {
  ++coverage_.source_elections;
  for (int i = 1 + random_.Below(2); i > 0; --i) source_.Elect(random_.Below(2));
  Trace("source election: broker ", source_.broker(), ", epoch ", source_.leader_epoch());
}

// The new leader was not in sync. It may have written before anybody looks.
void History::TruncateSource() {
  if (source_.visible() == 0 || !source_.CanChange()) return;
  const int visible = std::max(0, source_.visible() - 1 - random_.Below(3));
  const int64_t end = visible == 0 ? source_.start() : source_.entry(source_.content_at(visible - 1)).end;
  if (end < source_.log_start()) return;
  ++coverage_.source_truncations;
  source_.Truncate(random_, visible);
  for (int i = 1 + random_.Below(2); i > 0; --i) source_.Elect(random_.Below(2));
  for (int i = random_.Below(4); i > 0; --i) source_.Grow();
  was_cut_below_ |= end < read_max_;
  Trace("source truncated to ", end, ", ends at ", source_.end(), ", broker ", source_.broker(), ", epoch ",
        source_.leader_epoch());
}

void History::RecreateSource() {
  if (!source_.CanChange()) return;
  ++coverage_.source_recreations;
  source_.Recreate(random_);
  for (int i = random_.Below(source_.entries()); i > 0; --i) source_.Grow();
  if (source_.visible() > 0 && Knows(kSourceRetention) && LastContent() >= 0)
    source_.DeleteBelow(source_.entry(source_.content_at(random_.Below(source_.visible()))).end);
  was_cut_below_ = true;
  Trace("source topic made anew, from ", source_.log_start(), " to ", source_.end(), ", broker ", source_.broker());
}

}  // namespace replicator::tests
