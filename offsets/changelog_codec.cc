#include "offsets/changelog_codec.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "kafka/batch/crc32c.h"
#include "kafka/wire/big_endian.h"
#include "offsets/changelog.pb.h"

namespace replicator::offsets {
namespace {

constexpr size_t kPartitionBytes = 1 + 4;  // with the zero byte before it
constexpr size_t kSourceBytes = 8;
constexpr size_t kLengthBytes = 4;

absl::Status NotA(const char* what) { return absl::InvalidArgumentError(absl::StrCat("not a ", what)); }

template <typename Message>
bool Parse(absl::string_view bytes, Message& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void AppendInt32(std::string& out, int32_t number) {
  char bytes[4];
  kafka::StoreInt32(bytes, number);
  out.append(bytes, sizeof(bytes));
}

void AppendInt64(std::string& out, int64_t number) {
  char bytes[8];
  kafka::StoreInt64(bytes, number);
  out.append(bytes, sizeof(bytes));
}

std::string KeyWith(char letter, const TopicPartition& partition) {
  std::string key(1, letter);
  key += partition.first;
  key.push_back('\0');
  AppendInt32(key, partition.second);
  return key;
}

// `name` 00 partition(4).
absl::StatusOr<TopicPartition> ParseName(absl::string_view text) {
  if (text.size() <= kPartitionBytes) return NotA("partition's key");
  const absl::string_view name = text.substr(0, text.size() - kPartitionBytes);
  const int32_t partition = kafka::LoadInt32(text.data() + name.size() + 1);
  if (text[name.size()] != '\0' || name.find('\0') != absl::string_view::npos || partition < 0)
    return NotA("partition's key");
  return TopicPartition(name, partition);
}

// The name that follows its length.
absl::string_view GroupIn(absl::string_view text) {
  if (text.size() <= kLengthBytes) return text;
  const auto length = static_cast<uint32_t>(kafka::LoadInt32(text.data()));
  return text.substr(kLengthBytes, length);
}

}  // namespace

std::string LoggedLinkKey() { return std::string(1, kLoggedLink); }
std::string LoggedOwnershipKey() { return std::string(1, kLoggedOwnership); }

std::string LoggedStartKey(uint32_t number) {
  std::string key(1, kLoggedStart);
  AppendInt32(key, static_cast<int32_t>(number));
  return key;
}

std::string LoggedTopicKey(absl::string_view topic) { return absl::StrCat(std::string(1, kLoggedTopic), topic); }
std::string LoggedPartitionKey(const TopicPartition& partition) { return KeyWith(kLoggedPartition, partition); }

std::string LoggedRunsKey(const TopicPartition& partition, SourceOffset source_begin) {
  std::string key = KeyWith(kLoggedRuns, partition);
  AppendInt64(key, source_begin.value);
  return key;
}

absl::StatusOr<std::string> ParseLoggedTopicKey(absl::string_view key) {
  if (key.size() < 2 || key[0] != kLoggedTopic) return NotA("topic's key");
  return std::string(key.substr(1));
}

absl::StatusOr<TopicPartition> ParseLoggedPartitionKey(absl::string_view key) {
  if (key.empty() || key[0] != kLoggedPartition) return NotA("partition's key");
  return ParseName(key.substr(1));
}

absl::StatusOr<LoggedRunsKeyParts> ParseLoggedRunsKey(absl::string_view key) {
  if (key.size() <= 1 + kSourceBytes || key[0] != kLoggedRuns) return NotA("key of runs");
  absl::StatusOr<TopicPartition> partition = ParseName(key.substr(1, key.size() - 1 - kSourceBytes));
  const int64_t source_begin = kafka::LoadInt64(key.data() + key.size() - kSourceBytes);
  if (!partition.ok() || source_begin < 0) return NotA("key of runs");
  return LoggedRunsKeyParts{*std::move(partition), SourceOffset(source_begin)};
}

int32_t ChangelogPartitionOf(absl::string_view key) {
  if (key.empty()) return 0;
  absl::string_view whose = key.substr(1);
  switch (key[0]) {
    case kLoggedLink:
    case kLoggedOwnership:
    case kLoggedStart:
    case kLoggedTopic:
      return 0;
    case kLoggedPartition:
      break;
    case kLoggedRuns:
      whose = whose.substr(0, whose.size() - std::min(whose.size(), kSourceBytes));
      break;
    default:
      whose = GroupIn(whose);
  }
  return static_cast<int32_t>(kafka::Crc32c(absl::MakeConstSpan(whose.data(), whose.size())) %
                              uint32_t{kChangelogPartitions});
}

std::string EncodeLoggedLink(const LoggedLink& link) {
  logged::Link out;
  out.set_schema_version(kChangelogSchemaVersion);
  out.set_name(link.name);
  out.set_source_cluster_id(link.source_cluster_id);
  out.set_target_cluster_id(link.target_cluster_id);
  out.set_isolation_level(link.isolation_level);
  out.set_producer_id(link.producer.id);
  out.set_producer_epoch(link.producer.epoch);
  return out.SerializeAsString();
}

absl::StatusOr<LoggedLink> DecodeLoggedLink(absl::string_view bytes) {
  logged::Link from;
  if (!Parse(bytes, from) || from.schema_version() == 0) return NotA("link's record");
  if (from.schema_version() > kChangelogSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat("it was written by a newer replicator (schema ",
                                                      from.schema_version(), ", this one knows ",
                                                      kChangelogSchemaVersion, "): use that version or a later one"));
  }
  return LoggedLink{.name = from.name(),
                    .source_cluster_id = from.source_cluster_id(),
                    .target_cluster_id = from.target_cluster_id(),
                    .isolation_level = from.isolation_level(),
                    .producer = {from.producer_id(), static_cast<int16_t>(from.producer_epoch())}};
}

std::string EncodeLoggedOwnership(const Ownership& ownership, absl::string_view owner, int64_t since_ms) {
  logged::Ownership out;
  out.set_number(ownership.number);
  out.set_id(ownership.id);
  out.set_flush(ownership.flush);
  out.set_owner(std::string(owner));
  out.set_since_ms(since_ms);
  return out.SerializeAsString();
}

absl::StatusOr<Ownership> DecodeLoggedOwnership(absl::string_view bytes) {
  logged::Ownership from;
  if (!Parse(bytes, from) || from.number() == 0) return NotA("record of who writes");
  return Ownership{.number = from.number(), .id = from.id(), .flush = from.flush()};
}

std::string EncodeLoggedTopic(const LoggedTopic& topic) {
  logged::Topic out;
  out.set_source_id(topic.source_id);
  out.set_target_id(topic.target_id);
  out.set_target_name(topic.target_name);
  return out.SerializeAsString();
}

absl::StatusOr<LoggedTopic> DecodeLoggedTopic(absl::string_view bytes) {
  logged::Topic from;
  if (!Parse(bytes, from) || from.target_name().empty()) return NotA("topic's record");
  return LoggedTopic{.source_id = from.source_id(), .target_id = from.target_id(), .target_name = from.target_name()};
}

}  // namespace replicator::offsets
