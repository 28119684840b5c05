#include "policy/replication_policy.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace replicator::policy {
namespace {

bool IsLegalInTopicName(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

// Java's String.split drops empty parts at the end, so `A.` and `A..` are no remote topics.
bool IsOnlySeparators(absl::string_view text, absl::string_view separator) {
  while (absl::ConsumePrefix(&text, separator)) {
  }
  return text.empty();
}

}  // namespace

ReplicationPolicy ReplicationPolicy::Identity() { return ReplicationPolicy(); }

absl::StatusOr<ReplicationPolicy> ReplicationPolicy::Prefix(std::string source_alias, std::string target_alias,
                                                            std::string separator) {
  for (const std::string* part : {&source_alias, &target_alias, &separator}) {
    if (IsLegalInTopicName(*part)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "`", *part, "` cannot be a part of a topic name: use letters, digits, ", "'.', '_' and '-', at least one"));
  }
  ReplicationPolicy policy;
  policy.kind_ = Kind::kPrefix;
  policy.source_alias_ = std::move(source_alias);
  policy.target_alias_ = std::move(target_alias);
  policy.separator_ = std::move(separator);
  return policy;
}

absl::StatusOr<std::string> ReplicationPolicy::TargetTopic(absl::string_view source_topic) const {
  std::string name =
      kind_ == Kind::kIdentity ? std::string(source_topic) : absl::StrCat(source_alias_, separator_, source_topic);
  if (name.size() > kTopicNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the target's name for ", source_topic, " would have ", name.size(), " characters, more than Kafka's ",
        kTopicNameBytesMax, ": use a shorter alias, IdentityReplicationPolicy, or put the topic into topics.exclude"));
  }
  return name;
}

bool ReplicationPolicy::IsCycle(absl::string_view source_topic) const {
  if (kind_ == Kind::kIdentity) return false;
  const std::string from_target = absl::StrCat(target_alias_, separator_);
  absl::string_view rest = source_topic;
  while (true) {
    // Compared as a prefix, so that an alias which itself holds the separator is seen too.
    if (absl::StartsWith(rest, from_target) && !IsOnlySeparators(rest.substr(from_target.size()), separator_))
      return true;
    const size_t at = rest.find(separator_);
    if (at == absl::string_view::npos) return false;
    rest.remove_prefix(at + separator_.size());
  }
}

}  // namespace replicator::policy
