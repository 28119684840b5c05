#include "replicator/partition/batch_search.h"

#include <glog/logging.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace replicator {

BatchSearch::BatchSearch(int64_t first, int64_t log_end)
    : first_(first), log_end_(log_end), forward_(first), backward_(std::max(first, log_end)) {
  BeginBlock();
}

// Below backward_.
void BatchSearch::BeginBlock() {
  block_begin_ = block_next_ = std::max(forward_, backward_ - block_length_);
  block_length_ *= 2;
}

bool BatchSearch::is_over() const {
  if (forward_ >= backward_ || bytes_read_ >= kBytesMax || other_.has_value()) return true;
  return place_.has_value() && bytes_read_ - bytes_at_match_ >= kBytesBehindFound;
}

std::optional<BatchSearch::Read> BatchSearch::next() const {
  if (is_over()) return std::nullopt;
  return Read{is_forward_ ? forward_ : block_next_, backward_};
}

void BatchSearch::OnMatch(const SourcePlace& place) {
  if (!place_.has_value()) {
    place_ = place;
    bytes_at_match_ = bytes_read_;
  } else if (place.position != place_->position) {  // else it was read from both ends
    other_ = place.position;
  }
}

void BatchSearch::OnRead(int64_t read_to, int64_t bytes) {
  bytes_read_ += bytes;
  int64_t& next = is_forward_ ? forward_ : block_next_;
  CHECK_GT(read_to, next);
  next = read_to;
  is_forward_ = !is_forward_;
  if (forward_ >= block_begin_) forward_ = block_next_ = std::max(forward_, block_next_);
  if (block_next_ < backward_) return;
  backward_ = block_begin_;
  BeginBlock();
}

PlaceFound BatchSearch::Result() const {
  if (other_.has_value()) {
    return {std::nullopt, absl::StrCat("the last batch of the target is there more than once, up to offset ",
                                       place_->position, " and up to offset ", *other_)};
  }
  if (place_.has_value()) return {place_, ""};
  if (bytes_read_ < kBytesMax) return {};
  return {std::nullopt, absl::StrCat("looked for in ", bytes_read_ >> 20, " MiB, from offset ", first_, " up to ",
                                     forward_, " and from offset ", backward_, " up to the end at ", log_end_)};
}

}  // namespace replicator
