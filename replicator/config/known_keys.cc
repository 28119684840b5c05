#include "replicator/config/known_keys.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"

namespace replicator {
namespace {

constexpr KeyFate kHonoured = KeyFate::kHonoured;
constexpr KeyFate kNotApplicable = KeyFate::kNotApplicable;
constexpr KeyFate kNotYet = KeyFate::kNotYet;

constexpr absl::string_view kNoWorker = "there is no Connect worker here";
constexpr absl::string_view kNoRest = "there is no Connect worker here, and so no REST interface";
constexpr absl::string_view kNoConnector = "there are no Connect connectors and tasks here";
constexpr absl::string_view kNoJava = "Java classes cannot be loaded";
constexpr absl::string_view kNoJavaMetrics = "there are no Java metrics here; the progress line tells the state";
constexpr absl::string_view kUntouched = "record batches pass through as the source holds them, nothing is converted";
constexpr absl::string_view kAsProduced =
    "batches keep the size and the compression that the source's producers gave them";
constexpr absl::string_view kAlwaysExactly =
    "batches are always written idempotently, with acks=all, each exactly once";
constexpr absl::string_view kNoHeartbeats =
    "no heartbeats topic is written; the progress line tells how far the copy is";
constexpr absl::string_view kExactOffsets = "every offset is known exactly, so no offset-syncs topic is written";
constexpr absl::string_view kNoCheckpoints =
    "no checkpoints topic is written: sync.group.offsets.enabled=true keeps offsets of groups in step";
constexpr absl::string_view kNoGroup = "topics are read without a consumer group, each from its first offset on";
constexpr absl::string_view kMemoryFlag = "--buffer-bytes sets how much is fetched at once";
constexpr absl::string_view kFixedTimes = "timeouts and pauses between attempts are fixed";
constexpr absl::string_view kNotDecoded = "records are not decoded";

constexpr absl::string_view kNoAclsYet = "ACLs are not copied by this version";
constexpr absl::string_view kNoConfigSyncYet =
    "a topic gets the source's settings when it is created; later changes are not followed by this version";

constexpr KnownKey kLinkKeys[] = {
    // Of the whole file and of the link.
    {"clusters", kHonoured},
    {"enabled", kHonoured},
    {"cluster.id", kHonoured},
    {"bootstrap.servers", kHonoured},
    {"config.providers", kHonoured},
    {"topics", kHonoured},
    {"topics.exclude", kHonoured},
    {"topics.blacklist", kHonoured},
    {"topic.filter.class", kHonoured},
    {"config.properties.exclude", kHonoured},
    {"config.properties.blacklist", kHonoured},
    {"config.property.filter.class", kHonoured},
    {"replication.policy.class", kHonoured},
    {"replication.policy.separator", kHonoured},
    {"replication.factor", kHonoured},
    {"tasks.max", kHonoured},
    {"refresh.topics.enabled", kHonoured},
    {"refresh.topics.interval.seconds", kHonoured},
    {"groups", kHonoured},
    {"groups.exclude", kHonoured},
    {"groups.blacklist", kHonoured},
    {"group.filter.class", kHonoured},
    {"refresh.groups.enabled", kHonoured},
    {"refresh.groups.interval.seconds", kHonoured},
    {"sync.group.offsets.enabled", kHonoured},
    {"sync.group.offsets.interval.seconds", kHonoured},
    {"emit.checkpoints.enabled", kHonoured},
    {"config.providers.*", kNotYet,
     "of the settings of a config provider these are known: class, param.allowed.paths, param.allowlist.pattern"},
    {"replication.policy.internal.topic.separator.enabled", kNotApplicable,
     "MirrorMaker's own topics are recognised with either separator, and none is written"},
    {"forwarding.admin.class", kNotApplicable, kNoJava},

    // What MirrorMaker does beside copying.
    {"sync.topic.configs.enabled", kNotYet, kNoConfigSyncYet, true},
    {"sync.topic.configs.interval.seconds", kNotYet, kNoConfigSyncYet},
    {"use.incremental.alter.configs", kNotYet, kNoConfigSyncYet},
    {"use.defaults.from", kNotYet, kNoConfigSyncYet},
    {"sync.topic.acls.enabled", kNotYet, kNoAclsYet, true},
    {"sync.topic.acls.interval.seconds", kNotYet, kNoAclsYet},
    {"emit.checkpoints.interval.seconds", kNotApplicable, kNoCheckpoints},
    {"checkpoints.topic.replication.factor", kNotApplicable, kNoCheckpoints},
    {"emit.heartbeats.enabled", kNotApplicable, kNoHeartbeats, true},
    {"emit.heartbeats.interval.seconds", kNotApplicable, kNoHeartbeats},
    {"heartbeats.topic.replication.factor", kNotApplicable, kNoHeartbeats},
    {"default.replication.policy.heartbeats.topic.name", kNotApplicable, kNoHeartbeats},
    {"heartbeats.replication.enabled", kNotYet,
     "a topic that has the name of a heartbeats topic is copied when topics has its name in full", true},
    {"emit.offset-syncs.enabled", kNotApplicable, kExactOffsets, true},
    {"offset-syncs.topic.location", kNotApplicable, kExactOffsets},
    {"offset-syncs.topic.replication.factor", kNotApplicable, kExactOffsets},
    {"offset.lag.max", kNotApplicable, kExactOffsets},
    {"consumer.poll.timeout.ms", kNotApplicable, kFixedTimes},
    {"admin.timeout.ms", kNotApplicable, kFixedTimes},
    {"add.source.alias.to.metrics", kNotApplicable, kNoJavaMetrics, true},

    {"metric.names.formats", kNotApplicable, kNoJavaMetrics},
    // Of a connector.
    {"name", kNotApplicable, kNoConnector},
    {"connector.class", kNotApplicable, kNoConnector},
    {"connector.plugin.version", kNotApplicable, kNoConnector},
    {"source.cluster.alias", kNotApplicable, "the link's name A->B tells the aliases"},
    {"target.cluster.alias", kNotApplicable, "the link's name A->B tells the aliases"},
    {"tasks.max.enforce", kNotApplicable, kNoConnector},
    {"task.assigned.partitions", kNotApplicable, kNoConnector},
    {"task.assigned.groups", kNotApplicable, kNoConnector},
    {"task.index", kNotApplicable, kNoConnector},
    {"task.shutdown.graceful.timeout.ms", kNotApplicable, kNoConnector},
    {"errors.*", kNotApplicable, kNoConnector},
    {"config.action.reload", kNotApplicable, kNoConnector},
    {"transforms", kNotApplicable, kUntouched},
    {"transforms.*", kNotApplicable, kUntouched},
    {"predicates", kNotApplicable, kUntouched},
    {"predicates.*", kNotApplicable, kUntouched},
    {"exactly.once.support", kNotApplicable, kAlwaysExactly},
    {"exactly.once.source.support", kNotApplicable, kAlwaysExactly},
    {"transaction.boundary", kNotApplicable, kAlwaysExactly},
    {"transaction.boundary.interval.ms", kNotApplicable, kAlwaysExactly},
    {"offsets.storage.topic", kNotApplicable, kNoConnector},
    {"topic.creation.*", kNotApplicable, "topics are created with the source's settings"},
    {"key.converter", kNotApplicable, kUntouched},
    {"key.converter.*", kNotApplicable, kUntouched},
    {"value.converter", kNotApplicable, kUntouched},
    {"value.converter.*", kNotApplicable, kUntouched},
    {"header.converter", kNotApplicable, kUntouched},
    {"header.converter.*", kNotApplicable, kUntouched},
    {"internal.key.converter", kNotApplicable, kUntouched},
    {"internal.key.converter.*", kNotApplicable, kUntouched},
    {"internal.value.converter", kNotApplicable, kUntouched},
    {"internal.value.converter.*", kNotApplicable, kUntouched},
    // Of the worker.
    {"dedicated.mode.enable.internal.rest", kNotApplicable, kNoRest, true},
    {"listeners", kNotApplicable, kNoRest},
    {"listeners.*", kNotApplicable, kNoRest},
    {"admin.listeners", kNotApplicable, kNoRest},
    {"admin.listeners.*", kNotApplicable, kNoRest},
    {"rest.*", kNotApplicable, kNoRest},
    {"ssl.client.auth", kNotApplicable, kNoRest},
    {"access.control.*", kNotApplicable, kNoRest},
    {"response.http.headers.config", kNotApplicable, kNoRest},
    {"inter.worker.*", kNotApplicable, kNoWorker},
    {"worker.*", kNotApplicable, kNoWorker},
    {"connect.protocol", kNotApplicable, kNoWorker},
    {"offset.storage.*", kNotApplicable, kNoWorker},
    {"config.storage.*", kNotApplicable, kNoWorker},
    {"status.storage.*", kNotApplicable, kNoWorker},
    {"offset.flush.interval.ms", kNotApplicable, kNoWorker},
    {"offset.flush.timeout.ms", kNotApplicable, kNoWorker},
    {"rebalance.timeout.ms", kNotApplicable, kNoWorker},
    {"scheduled.rebalance.max.delay.ms", kNotApplicable, kNoWorker},
    {"topic.tracking.enable", kNotApplicable, kNoWorker},
    {"topic.tracking.allow.reset", kNotApplicable, kNoWorker},
    {"connector.client.config.override.policy", kNotApplicable, kNoWorker},
    {"plugin.path", kNotApplicable, kNoJava},
    {"plugin.discovery", kNotApplicable, kNoJava},
    {"metrics.context.*", kNotApplicable, kNoJavaMetrics},
};

constexpr KnownKey kClientKeys[] = {
    {"isolation.level", kHonoured},
    {"auto.offset.reset", kHonoured},
    {"client.id", kNotApplicable, "the client id is always `replicator.A->B`, so that quotas can name it"},
    {"client.rack", kNotYet, "partitions are fetched from their leaders, which may lie in another zone"},
    // Reading.
    {"enable.auto.commit", kNotApplicable, kNoGroup},
    {"auto.commit.interval.ms", kNotApplicable, kNoGroup},
    {"group.id", kNotApplicable, kNoGroup},
    {"group.instance.id", kNotApplicable, kNoGroup},
    {"group.protocol", kNotApplicable, kNoGroup},
    {"group.remote.assignor", kNotApplicable, kNoGroup},
    {"partition.assignment.strategy", kNotApplicable, kNoGroup},
    {"session.timeout.ms", kNotApplicable, kNoGroup},
    {"heartbeat.interval.ms", kNotApplicable, kNoGroup},
    {"max.poll.interval.ms", kNotApplicable, kNoGroup},
    {"internal.leave.group.on.close", kNotApplicable, kNoGroup},
    {"share.acknowledgement.mode", kNotApplicable, kNoGroup},
    {"share.acquire.mode", kNotApplicable, kNoGroup},
    {"fetch.max.bytes", kNotApplicable, kMemoryFlag},
    {"max.partition.fetch.bytes", kNotApplicable, kMemoryFlag},
    {"fetch.min.bytes", kNotApplicable, kMemoryFlag},
    {"max.poll.records", kNotApplicable, kMemoryFlag},
    {"receive.buffer.bytes", kNotApplicable, "the operating system sizes the buffers of connections"},
    {"send.buffer.bytes", kNotApplicable, "the operating system sizes the buffers of connections"},
    {"check.crcs", kNotApplicable, "the target's brokers check every batch"},
    {"key.deserializer", kNotApplicable, kNotDecoded},
    {"value.deserializer", kNotApplicable, kNotDecoded},
    {"exclude.internal.topics", kNotApplicable, "topics are selected by topics and topics.exclude"},
    {"allow.auto.create.topics", kNotApplicable, "reading never creates a topic"},
    {"internal.throw.on.fetch.stable.offset.unsupported", kNotApplicable, kNoGroup},
    // Writing.
    {"acks", kNotApplicable, kAlwaysExactly},
    {"enable.idempotence", kNotApplicable, kAlwaysExactly},
    {"max.in.flight.requests.per.connection", kNotApplicable, kAlwaysExactly},
    {"retries", kNotApplicable, kAlwaysExactly},
    {"transactional.id", kNotApplicable, kAlwaysExactly},
    {"transaction.timeout.ms", kNotApplicable, kAlwaysExactly},
    {"transaction.two.phase.commit.enable", kNotApplicable, kAlwaysExactly},
    {"batch.size", kNotApplicable, kAsProduced},
    {"linger.ms", kNotApplicable, kAsProduced},
    {"max.request.size", kNotApplicable, kAsProduced},
    {"compression.type", kNotApplicable, kAsProduced},
    {"compression.gzip.level", kNotApplicable, kAsProduced},
    {"compression.lz4.level", kNotApplicable, kAsProduced},
    {"compression.zstd.level", kNotApplicable, kAsProduced},
    {"buffer.memory", kNotApplicable, "--buffer-bytes sets the memory"},
    {"key.serializer", kNotApplicable, kNotDecoded},
    {"value.serializer", kNotApplicable, kNotDecoded},
    {"partitioner.class", kNotApplicable, "a record stays in its partition"},
    {"partitioner.adaptive.partitioning.enable", kNotApplicable, "a record stays in its partition"},
    {"partitioner.availability.timeout.ms", kNotApplicable, "a record stays in its partition"},
    {"partitioner.ignore.keys", kNotApplicable, "a record stays in its partition"},
    // Connections.
    {"fetch.max.wait.ms", kNotApplicable, kFixedTimes},
    {"request.timeout.ms", kNotApplicable, kFixedTimes},
    {"default.api.timeout.ms", kNotApplicable, kFixedTimes},
    {"delivery.timeout.ms", kNotApplicable, kFixedTimes},
    {"max.block.ms", kNotApplicable, kFixedTimes},
    {"retry.backoff.ms", kNotApplicable, kFixedTimes},
    {"retry.backoff.max.ms", kNotApplicable, kFixedTimes},
    {"reconnect.backoff.ms", kNotApplicable, kFixedTimes},
    {"reconnect.backoff.max.ms", kNotApplicable, kFixedTimes},
    {"connections.max.idle.ms", kNotApplicable, kFixedTimes},
    {"socket.connection.setup.timeout.ms", kNotApplicable, kFixedTimes},
    {"socket.connection.setup.timeout.max.ms", kNotApplicable, kFixedTimes},
    {"metadata.max.age.ms", kNotApplicable, "metadata is renewed every minute, and at once when it is stale"},
    {"metadata.max.idle.ms", kNotApplicable, "metadata is renewed every minute, and at once when it is stale"},
    {"metadata.recovery.strategy", kNotApplicable, "bootstrap.servers are asked again when no other broker answers"},
    {"metadata.recovery.rebootstrap.trigger.ms", kNotApplicable,
     "bootstrap.servers are asked again when no other broker answers"},
    {"client.dns.lookup", kNotApplicable, "every address of a host name is tried"},
    {"bootstrap.controllers", kNotApplicable, "brokers are asked, not controllers"},
    // Java's own.
    {"config.providers", kNotApplicable, "config.providers is read without a client's role before it"},
    {"interceptor.classes", kNotApplicable, kNoJava},
    {"security.providers", kNotApplicable, kNoJava},
    {"metric.reporters", kNotApplicable, kNoJavaMetrics},
    {"metrics.num.samples", kNotApplicable, kNoJavaMetrics},
    {"metrics.recording.level", kNotApplicable, kNoJavaMetrics},
    {"metrics.sample.window.ms", kNotApplicable, kNoJavaMetrics},
    {"auto.include.jmx.reporter", kNotApplicable, kNoJavaMetrics},
    {"enable.metrics.push", kNotApplicable, kNoJavaMetrics},
};

const KnownKey* Find(absl::Span<const KnownKey> keys, absl::string_view name) {
  const KnownKey* longest = nullptr;
  for (const KnownKey& key : keys) {
    absl::string_view start = key.name;
    if (!absl::ConsumeSuffix(&start, "*")) {
      if (start == name) return &key;
    } else if (name.size() > start.size() && absl::StartsWith(name, start)) {
      if (longest == nullptr || key.name.size() > longest->name.size()) longest = &key;
    }
  }
  return longest;
}

}  // namespace

const KnownKey* FindLinkKey(absl::string_view name) { return Find(kLinkKeys, name); }

const KnownKey* FindClientKey(absl::string_view name) { return Find(kClientKeys, name); }

std::vector<std::string> KnownKeyNames() {
  std::vector<std::string> names;
  for (const bool honoured : {true, false}) {
    for (const absl::Span<const KnownKey> keys :
         {absl::Span<const KnownKey>(kLinkKeys), absl::Span<const KnownKey>(kClientKeys)}) {
      for (const KnownKey& key : keys) {
        if ((key.fate == kHonoured) == honoured && !absl::EndsWith(key.name, "*")) names.emplace_back(key.name);
      }
    }
  }
  return names;
}

}  // namespace replicator
