#include "replicator/first_start.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "kafka/admin.h"
#include "kafka/crc32c.h"

namespace replicator {
namespace {

// org.apache.kafka.common.internals.Topic: the longest name, and its characters.
constexpr size_t kTopicNameBytesMax = 249;
constexpr absl::string_view kPrefix = "replicator-link.";
constexpr absl::string_view kSuffix = ".internal";

bool IsLegal(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-'; }

}  // namespace

std::string FirstStartTopic(absl::string_view source, absl::string_view target) {
  const std::string link = absl::StrCat(source, "-to-", target);
  std::string middle = link;
  for (char& c : middle) {
    if (!IsLegal(c)) c = '_';
  }
  const std::string checksum = absl::StrFormat(".%08x", kafka::Crc32c(absl::MakeConstSpan(link.data(), link.size())));
  const size_t room = kTopicNameBytesMax - kPrefix.size() - kSuffix.size();
  if (middle != link || middle.size() > room) {
    middle.resize(std::min(middle.size(), room - checksum.size()));
    middle += checksum;
  }
  return absl::StrCat(kPrefix, middle, kSuffix);
}

asio::awaitable<absl::StatusOr<bool>> ClaimFirstStart(kafka::ClusterClient& target, std::string topic,
                                                      int replication_factor) {
  kafka::CreateTopicsRequest::Topic wanted;
  wanted.name = topic;
  wanted.partition_count = 1;
  const int brokers = static_cast<int>(target.metadata()->brokers.size());
  wanted.replication_factor = static_cast<int16_t>(std::clamp(replication_factor, 1, std::max(1, brokers)));
  wanted.configs = {{"cleanup.policy", "compact"}};
  std::vector<kafka::CreateTopicsRequest::Topic> topics = {std::move(wanted)};
  absl::StatusOr<absl::flat_hash_map<std::string, absl::Status>> outcomes =
      co_await kafka::CreateTopics(target, std::move(topics), /*validate_only=*/false);
  if (!outcomes.ok()) co_return outcomes.status();
  auto outcome = outcomes->find(topic);
  if (outcome == outcomes->end()) {
    co_return absl::UnavailableError(absl::StrCat("create topic ", topic, ": the answer does not name it"));
  }
  if (absl::IsAlreadyExists(outcome->second)) co_return false;
  if (!outcome->second.ok()) co_return outcome->second;
  co_return true;
}

}  // namespace replicator
