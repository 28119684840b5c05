#include "replicator/link/recall.h"

#include <glog/logging.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "kafka/client/admin.h"
#include "replicator/base/await_told.h"
#include "replicator/link/client_options.h"
#include "replicator/ownership/first_start.h"
#include "replicator/ownership/link_topic.h"

namespace replicator {
namespace {

using Records = std::vector<LinkLog::Record>;

std::string ProcessName() {
  char host[HOST_NAME_MAX + 1] = {};
  gethostname(host, HOST_NAME_MAX);
  return absl::StrCat(host, ":", getpid());
}

// The owner that comes after all that are known.
offsets::Ownership NextOwner(const offsets::Ownership& logged, const offsets::StoredOwnership& folder) {
  absl::BitGen random;
  return {.number = std::max({logged.number, folder.own.number, folder.before.number}) + 1,
          .id = absl::Uniform<uint64_t>(random),
          .flush = 1};
}

// What the changelog says of the link itself; nullopt: it is new.
absl::StatusOr<std::optional<offsets::LoggedLink>> LoggedLinkOf(const std::string& topic, const Changelog& changelog) {
  const auto& records = changelog.content().records;
  auto found = records.find(offsets::LoggedLinkKey());
  if (found == records.end()) return std::nullopt;
  absl::StatusOr<offsets::LoggedLink> link = offsets::DecodeLoggedLink(found->second);
  if (!link.ok())
    return absl::FailedPreconditionError(absl::StrCat("topic ", topic, " on the target: ", link.status().message()));
  return *std::move(link);
}

// Leaves in the folder what is known of partitions.
absl::StatusOr<bool> BringTogether(const std::string& topic, const Changelog& changelog, LinkMemory& memory) {
  const offsets::Ownership& logged = changelog.logged();
  if (!logged.is_known()) {
    if (memory.ownership().own.is_known()) {
      LOG(WARNING) << "topic " << topic
                   << " on the target, in which this link keeps what it knows, was deleted or made "
                   << "anew. It is filled from the state folder, which may lack what another process has copied: where "
                   << "the target holds more, places are looked for by content. What was known of consumer groups is "
                   << "gone";
    }
    return false;
  }
  if (offsets::FolderIsCurrent(memory.ownership(), logged)) return true;
  absl::Status replaced = memory.ReplaceBy(changelog.content().records);
  if (!replaced.ok())
    return absl::Status(replaced.code(), absl::StrCat("taking over what topic ", topic,
                                                      " on the target knows of this link: ", replaced.message()));
  LOG(INFO) << "another process, or one with another state folder, has copied this link since: what it knew is taken "
            << "over from topic " << topic << " on the target (" << memory.topics().size() << " topics)";
  return true;
}

asio::awaitable<absl::StatusOr<StartOffsets>> FindStart(const LinkConfig* config, kafka::ClusterClient* source,
                                                        const LinkMemory* memory, const Changelog* changelog,
                                                        Records* first) {
  std::vector<std::string> parts;
  for (auto& [key, part] : changelog->Restored(offsets::kLoggedStart)) parts.push_back(std::move(part));
  if (!parts.empty()) {
    std::optional<StartOffsets> start = ReadStart(parts);
    if (start.has_value()) co_return *std::move(start);
    co_return absl::FailedPreconditionError("where the copy begins (auto.offset.reset=latest) cannot be read");
  }
  if (changelog->logged().is_known() || !memory->topics().empty()) {
    LOG(WARNING) << "auto.offset.reset=latest has no effect: this link was started before without it, so each "
                    "partition that has not begun yet begins at its start";
    co_return StartOffsets();
  }
  absl::StatusOr<StartOffsets> start = co_await AskStart(*config, *source);
  if (!start.ok()) co_return start.status();
  uint32_t number = 0;
  for (std::string& part : WriteStart(*start)) first->push_back({offsets::LoggedStartKey(number++), std::move(part)});
  LOG(INFO) << "auto.offset.reset=latest: the first start of this link; " << start->topics.size()
            << " topics are copied from where they end now";
  co_return start;
}

// What the changelog does not say as the folder does: all of it if it is new, else the last flush of a process that was
// killed.
absl::Status AddDifferences(const LinkMemory& memory, const Changelog& changelog, Records& first) {
  Records states;
  absl::Status known = memory.AddStates(states);
  if (!known.ok()) return known;
  std::map<std::string, std::string> logged = changelog.content().records;
  for (LinkLog::Record& state : states) {
    auto found = logged.find(state.key);
    const bool is_same = found != logged.end() && found->second == *state.value;
    if (found != logged.end()) logged.erase(found);
    if (!is_same) first.push_back(std::move(state));
  }
  for (const auto& [key, value] : logged) {
    const char letter = key.empty() ? '\0' : key[0];
    if (letter == offsets::kLoggedTopic || letter == offsets::kLoggedPartition || letter == offsets::kLoggedRuns)
      first.push_back({key, std::nullopt});
  }
  return absl::OkStatus();
}

// The first flush, and what the folder has to know before and after it.
asio::awaitable<absl::Status> BeginWith(LinkMemory* memory, Changelog* changelog, Records first,
                                        offsets::Producer producer) {
  const offsets::Ownership own = NextOwner(changelog->logged(), memory->ownership());
  absl::Status kept = memory->RememberOwnership({.own = own, .before = changelog->logged()});
  if (!kept.ok()) co_return kept;
  std::function<void(std::function<void(absl::Status)>)> begin = [&](std::function<void(absl::Status)> done) {
    changelog->Begin(own, std::move(first), std::move(done));
  };
  absl::Status begun = co_await AwaitTold<absl::Status>(std::move(begin));
  if (!begun.ok()) co_return begun;
  offsets::LinkRecord link = *memory->link();
  if (link.producer == producer) co_return absl::OkStatus();
  link.producer = producer;
  co_return memory->Remember(std::move(link));
}

}  // namespace

absl::Status IsOfThisLink(const std::string& topic, const offsets::LoggedLink& logged, const offsets::LoggedLink& now) {
  if (logged.source_cluster_id != now.source_cluster_id || logged.target_cluster_id != now.target_cluster_id) {
    return absl::AbortedError(absl::StrCat(
        "link ", now.name, " has copied from cluster ", logged.source_cluster_id, " to ", logged.target_cluster_id,
        ", as topic ", topic, " on the target says, and leads from ", now.source_cluster_id, " to ",
        now.target_cluster_id, " now. Correct the bootstrap servers, or give the new pair of clusters another alias"));
  }
  if (logged.isolation_level != now.isolation_level) {
    return absl::FailedPreconditionError(absl::StrCat(
        "this link has copied with isolation.level=", logged.isolation_level, ", as topic ", topic,
        " on the target says, and the file asks for ", now.isolation_level,
        " now: half of a copy would hold aborted records and half would not. Write the old level, or copy anew under "
        "another alias"));
  }
  return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<Recalled>> Recall(const LinkConfig& config, kafka::ClusterClient& source,
                                                 kafka::ClusterClient& target, LinkMemory& memory,
                                                 Changelog& changelog) {
  const std::string topic = LinkTopic(config.source.alias, config.target.alias);
  std::function<void(std::function<void(absl::Status)>)> open = [&](std::function<void(absl::Status)> done) {
    changelog.Open(std::move(done));
  };
  absl::Status opened = co_await AwaitTold<absl::Status>(std::move(open));
  if (!opened.ok()) co_return opened;
  absl::StatusOr<std::optional<offsets::LoggedLink>> logged = LoggedLinkOf(topic, changelog);
  if (!logged.ok()) co_return logged.status();
  offsets::LoggedLink now = {.name = config.Name(),
                             .source_cluster_id = memory.link()->source_cluster_id,
                             .target_cluster_id = memory.link()->target_cluster_id,
                             .isolation_level = memory.link()->isolation_level,
                             .producer = memory.link()->producer};
  if (logged->has_value()) {
    absl::Status same = IsOfThisLink(topic, **logged, now);
    if (!same.ok()) co_return same;
    if (now.producer.id < 0) {
      LOG(INFO) << "this link has run before: going on with its producer id " << (*logged)->producer.id
                << ", noted in topic " << topic << " on the target";
    }
    now.producer = (*logged)->producer;
  }
  absl::StatusOr<bool> is_current = BringTogether(topic, changelog, memory);
  if (!is_current.ok()) co_return is_current.status();
  if (now.producer.id < 0) {
    absl::StatusOr<kafka::ProducerIdentity> producer = co_await kafka::NewProducerId(target);
    if (!producer.ok()) co_return producer.status();
    now.producer = {producer->id, producer->epoch};
  }
  Recalled recalled;
  recalled.producer = now.producer;
  recalled.is_current = *is_current;
  Records first = {{offsets::LoggedLinkKey(), offsets::EncodeLoggedLink(now)}};
  if (config.begins_at_end) {
    absl::StatusOr<StartOffsets> start = co_await FindStart(&config, &source, &memory, &changelog, &first);
    if (!start.ok()) co_return start.status();
    recalled.start = *std::move(start);
  }
  absl::Status added = AddDifferences(memory, changelog, first);
  if (!added.ok()) co_return added;
  const offsets::Producer producer = now.producer;
  absl::Status begun = co_await BeginWith(&memory, &changelog, std::move(first), producer);
  if (!begun.ok()) co_return begun;
  co_return recalled;
}

asio::awaitable<absl::StatusOr<Recalled>> RecallNothing(const LinkConfig& config, kafka::ClusterClient& source,
                                                        kafka::ClusterClient& target) {
  Recalled recalled;
  absl::StatusOr<kafka::ProducerIdentity> producer = co_await kafka::NewProducerId(target);
  if (!producer.ok()) co_return producer.status();
  recalled.producer = {producer->id, producer->epoch};
  if (!config.begins_at_end) co_return recalled;
  absl::StatusOr<StartOffsets> start = co_await AskStart(config, source);
  if (!start.ok()) co_return start.status();
  recalled.start = *std::move(start);
  co_return recalled;
}

Changelog::Options ChangelogOptions(const LinkConfig& config, kafka::ClusterClient& target, LinkMemory& memory) {
  Changelog::Options options;
  options.topic = LinkTopic(config.source.alias, config.target.alias);
  options.cluster_name = target.name();
  for (const auto& [id, endpoint] : target.metadata()->brokers) options.brokers.push_back(endpoint);
  options.connection = ClientOptions(config, kafka::BrokerUse::kProduce);
  options.connection.cluster_id = target.metadata()->cluster_id;
  options.owner = ProcessName();
  options.store_flush = [&memory](const offsets::Ownership& own, std::function<void()> stored) {
    memory.store()->WriteOwnership({.own = own, .before = {}}, std::move(stored));
  };
  const std::string topic = options.topic;
  const int factor = config.replication_factor;
  options.make_topic = [topic, factor](kafka::ClusterClient& cluster) {
    return EnsureLinkTopic(cluster, topic, factor);
  };
  options.all_states = [&memory](Records& records) { return memory.AddStates(records); };
  return options;
}

}  // namespace replicator
