#include "replicator/ownership/start_offsets.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace replicator {
namespace {

constexpr absl::string_view kNoId = "-";

std::string IdText(const kafka::Uuid& id) {
  if (id == kafka::kNoUuid) return std::string(kNoId);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
}

std::optional<kafka::Uuid> ParseId(absl::string_view text) {
  kafka::Uuid id = kafka::kNoUuid;
  if (text == kNoId) return id;
  const bool is_hex = text.size() == 2 * id.size() && std::all_of(text.begin(), text.end(), [](char c) {
                        return absl::string_view("0123456789abcdef").find(c) != absl::string_view::npos;
                      });
  if (!is_hex) return std::nullopt;
  const std::string bytes = absl::HexStringToBytes(text);
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

// One line of a record into `start`. False for what is no such line.
bool ParseLine(absl::string_view line, StartOffsets& start) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words.size() < 3) return false;
  const std::optional<kafka::Uuid> id = ParseId(words[1]);
  if (!id.has_value()) return false;
  StartOffsets::Topic& topic = start.topics[std::string(words[0])];
  topic.id = *id;
  for (size_t i = 2; i < words.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> end = absl::StrSplit(words[i], absl::MaxSplits(':', 1));
    int32_t partition = -1;
    int64_t offset = -1;
    if (!absl::SimpleAtoi(end.first, &partition) || !absl::SimpleAtoi(end.second, &offset)) return false;
    if (partition < 0 || offset < 0) return false;
    topic.ends[partition] = offset;
  }
  return true;
}

}  // namespace

std::optional<int64_t> StartOffsets::Of(const std::string& topic, const kafka::Uuid& id, int32_t partition) const {
  const auto found = topics.find(topic);
  if (found == topics.end()) return std::nullopt;
  const bool is_another = id != kafka::kNoUuid && found->second.id != kafka::kNoUuid && id != found->second.id;
  const auto end = found->second.ends.find(partition);
  if (is_another || end == found->second.ends.end()) return std::nullopt;
  return end->second;
}

std::vector<std::string> WriteStart(const StartOffsets& start) {
  std::vector<std::string> parts;
  std::string part;
  const auto close_part = [&] {
    if (!part.empty()) parts.push_back(std::move(part));
    part.clear();
  };
  for (const auto& [name, topic] : start.topics) {
    const std::string head = absl::StrCat(name, " ", IdText(topic.id));
    std::string line;
    for (const auto& [partition, end] : topic.ends) {
      if (line.empty()) line = head;
      absl::StrAppend(&line, " ", partition, ":", end);
      // A topic of many partitions takes several lines.
      if (part.size() + line.size() < kStartPartBytesMax - head.size()) continue;
      absl::StrAppend(&part, line, "\n");
      line.clear();
      close_part();
    }
    if (!line.empty()) absl::StrAppend(&part, line, "\n");
  }
  close_part();
  // A source without topics has a start, too.
  if (parts.empty()) parts.emplace_back();
  return parts;
}

std::optional<StartOffsets> ReadStart(const std::vector<std::string>& parts) {
  StartOffsets start;
  for (const std::string& part : parts) {
    for (const absl::string_view line : absl::StrSplit(part, '\n', absl::SkipEmpty())) {
      if (!ParseLine(line, start)) return std::nullopt;
    }
  }
  return start;
}

}  // namespace replicator
