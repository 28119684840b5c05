#include "offsets/run_codec.h"

#include <glog/logging.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace replicator::offsets {
namespace {

// No Kafka log gets there; sums of two stay below 2^63.
constexpr int64_t kOffsetMax = int64_t{1} << 62;
constexpr int kVarintBytesMax = 9;  // 63 bits

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// nullopt: cut, or too long.
std::optional<int64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int i = 0; i < kVarintBytesMax && !bytes.empty(); ++i) {
    const uint8_t byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) == 0) return static_cast<int64_t>(value);
  }
  return std::nullopt;
}

// The run that begins so far behind `end`; nullopt: there is none such.
std::optional<Run> TakeRun(MapBegin end, bool is_first, std::string_view& bytes) {
  const std::optional<int64_t> head = TakeVarint(bytes);
  if (!head.has_value()) return std::nullopt;
  const bool has_target_gap = (*head & 1) != 0;
  const int64_t source_gap = *head >> 1;
  const std::optional<int64_t> target_gap = has_target_gap ? TakeVarint(bytes) : 0;
  const std::optional<int64_t> count = TakeVarint(bytes);
  if (!target_gap.has_value() || !count.has_value() || *count == 0) return std::nullopt;
  if (has_target_gap && *target_gap == 0) return std::nullopt;
  if (!is_first && source_gap == 0 && *target_gap == 0) return std::nullopt;
  const auto fits = [&](int64_t from, int64_t gap) {
    return gap <= kOffsetMax - from && *count <= kOffsetMax - from - gap;
  };
  if (!fits(end.source.value, source_gap) || !fits(end.target.value, *target_gap)) return std::nullopt;
  return Run{end.source + source_gap, end.target + *target_gap, *count};
}

}  // namespace

std::string EncodeRuns(MapBegin from, absl::Span<const Run> runs) {
  std::string out;
  MapBegin end = from;
  for (const Run& run : runs) {
    const int64_t source_gap = run.source_base - end.source;
    const int64_t target_gap = run.target_base - end.target;
    CHECK(run.count > 0 && source_gap >= 0 && target_gap >= 0) << run.source_base << ", " << run.target_base;
    AppendVarint(static_cast<uint64_t>(source_gap) * 2 + (target_gap > 0 ? 1 : 0), out);
    if (target_gap > 0) AppendVarint(static_cast<uint64_t>(target_gap), out);
    AppendVarint(static_cast<uint64_t>(run.count), out);
    end = {run.source_end(), run.target_end()};
  }
  return out;
}

absl::StatusOr<std::vector<Run>> DecodeRuns(MapBegin from, std::string_view bytes) {
  std::vector<Run> runs;
  MapBegin end = from;
  const size_t size = bytes.size();
  while (!bytes.empty()) {
    const size_t at = size - bytes.size();
    const std::optional<Run> run = TakeRun(end, runs.empty(), bytes);
    if (!run.has_value())
      return absl::InvalidArgumentError(absl::StrCat("stored runs: no run at byte ", at, " of ", size));
    end = {run->source_end(), run->target_end()};
    runs.push_back(*run);
  }
  return runs;
}

}  // namespace replicator::offsets
