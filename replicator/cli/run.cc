#include "replicator/cli/run.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gflags/gflags.h"
#include "glog/logging.h"
#include "policy/topic_filter.h"
#include "replicator/cli/link_flags.h"

// What these mean to the operator stands in RunCommand(), once.
DEFINE_bool(without_store, false, "");
DEFINE_int32(shards, 0, "");
DEFINE_int64(buffer_bytes, 0, "");
DEFINE_int64(source_bytes_per_second, 0, "");
DEFINE_int64(target_bytes_per_second, 0, "");
DEFINE_bool(allow_lower_replication_factor, false, "");
DEFINE_string(accept_target_settings, "", "");
DEFINE_int32(in_flight_max, 1, "");
DEFINE_int32(produce_connections, 4, "");

namespace replicator {
namespace {

constexpr int kShardsMax = 256;
// Below this a shard cannot hold one fetch of a few partitions from each of three brokers beside what it is sending.
constexpr int64_t kBufferBytesMin = int64_t{8} << 20;
// Of each shard: less holds no response with what it takes to read it.
constexpr int64_t kShardBufferBytesMin = int64_t{2} << 20;
constexpr int64_t kBufferBytesMax = int64_t{1} << 40;
// Unless told otherwise: two responses of the usual size (Source) for one shard. More is of use over long distances
// only: twice the rate times the round trip.
constexpr int64_t kBufferBytesUsual = int64_t{64} << 20;
constexpr int kProduceConnectionsMax = 16;
// Above any network; below, a number that was meant in another unit.
constexpr int64_t kBytesPerSecondMax = int64_t{1} << 40;
constexpr int64_t kBytesPerSecondMin = 1000;
constexpr int kInFlightMax = 5;  // what a broker remembers of a producer id per partition

absl::Status CheckRange(absl::string_view flag, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", value, " is out of range: write a number from ", min, " to ", max));
}

absl::Status CheckCap(absl::string_view flag, int64_t value) {
  if (value == 0 || (value >= kBytesPerSecondMin && value <= kBytesPerSecondMax)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", value,
                                                 " is out of range: write 0 for no cap, or a number of bytes from ",
                                                 kBytesPerSecondMin, " to ", kBytesPerSecondMax));
}

absl::Status CheckBuffer() {
  if (FLAGS_buffer_bytes == 0) return absl::OkStatus();
  return CheckRange("buffer-bytes", FLAGS_buffer_bytes, kBufferBytesMin, kBufferBytesMax);
}

absl::Status CheckBufferFor(int shards) {
  if (FLAGS_buffer_bytes == 0 || FLAGS_buffer_bytes >= shards * kShardBufferBytesMin) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--buffer-bytes=", FLAGS_buffer_bytes, " is too little for ", shards,
                                                 " shards: write at least ", shards * kShardBufferBytesMin,
                                                 ", or a smaller --shards"));
}

int64_t BufferBytesFor(int shards) {
  if (FLAGS_buffer_bytes != 0) return FLAGS_buffer_bytes;
  return std::max(kBufferBytesUsual, shards * kBufferBytesMin);
}

absl::Status CheckFlags() {
  absl::Status status = CheckRange("shards", FLAGS_shards, 0, kShardsMax);
  status.Update(CheckBuffer());
  status.Update(CheckCap("source-bytes-per-second", FLAGS_source_bytes_per_second));
  status.Update(CheckCap("target-bytes-per-second", FLAGS_target_bytes_per_second));
  status.Update(CheckRange("in-flight-max", FLAGS_in_flight_max, 1, kInFlightMax));
  status.Update(CheckRange("produce-connections", FLAGS_produce_connections, 1, kProduceConnectionsMax));
  return status;
}

void Announce(const LinkConfig& config, const RunOptions& options) {
  for (const std::string& warning : config.warnings) LOG(WARNING) << warning;
  for (const std::string& info : config.infos) LOG(INFO) << info;
  if (FLAGS_shards > options.shards) {
    LOG(WARNING) << "--shards=" << FLAGS_shards << " is cut to tasks.max=" << config.tasks_max << " of "
                 << config.file_name;
  }
  LOG(INFO) << "link " << config.Name() << " of " << config.file_name << ": from "
            << absl::StrJoin(config.source.bootstrap_servers, ",") << " to "
            << absl::StrJoin(config.target.bootstrap_servers, ",") << ", topics "
            << absl::StrJoin(config.topic_filter.options().topics, ",") << ", " << options.shards
            << (options.shards == 1 ? " shard" : " shards");
  if (config.topic_filter.options().excludes_by_default) {
    LOG(INFO) << "no topics.exclude in " << config.file_name << ": as in MirrorMaker up to 3.9, topics that match "
              << policy::kTopicsExcludeDefault << " are not copied, but for those whose full names stand in topics";
  }
  if (config.begins_at_end) {
    LOG(INFO)
        << "auto.offset.reset=latest: partitions that the source has when this link starts for the first time are "
           "copied from their ends on, later ones from their beginning";
  }
}

ExitCode Run(const LinkRunner& run_link, Streams streams) {
  const absl::Status flags = CheckFlags();
  if (!flags.ok()) return FailWith(streams, flags);
  const absl::StatusOr<LinkConfig> config = LoadLinkConfig(FLAGS_config);
  if (!config.ok()) return FailWith(streams, config.status());
  RunOptions options;
  options.state_dir = FLAGS_state_dir.empty() ? config->DefaultStateDir() : FLAGS_state_dir;
  options.without_store = FLAGS_without_store;
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  options.shards = ResolveShards(FLAGS_shards, cores, config->tasks_max);
  const absl::Status buffer = CheckBufferFor(options.shards);
  if (!buffer.ok()) return FailWith(streams, buffer);
  options.buffer_bytes_max = BufferBytesFor(options.shards);
  options.source_bytes_per_second = FLAGS_source_bytes_per_second;
  options.target_bytes_per_second = FLAGS_target_bytes_per_second;
  options.allow_lower_replication_factor = FLAGS_allow_lower_replication_factor;
  const absl::StatusOr<policy::JavaPatternList> accepted =
      policy::JavaPatternList::Compile(absl::StrSplit(FLAGS_accept_target_settings, ',', absl::SkipWhitespace()));
  if (!accepted.ok()) return FailWith(streams, accepted.status());
  options.accept_target_settings = *accepted;
  options.dry_run = FLAGS_dry_run;
  options.in_flight_max = FLAGS_in_flight_max;
  options.produce_connections_max = FLAGS_produce_connections;
  Announce(*config, options);
  return static_cast<ExitCode>(run_link(*config, options));
}

}  // namespace

Command RunCommand(LinkRunner run_link) {
  Command command;
  command.name = "run";
  command.summary = "Copy the topics of a link until stopped.";
  command.description =
      "Reads a MirrorMaker 2 properties file, creates missing topics on the target with the\n"
      "source's settings, and copies their records. The file's keys keep their meaning; each key\n"
      "that is not honoured is named in the log at start. SIGTERM or SIGINT ends it cleanly.\n"
      "The log goes to stderr.";
  command.flags = {
      {.name = "config",
       .value_name = "FILE",
       .help = "MirrorMaker 2 properties file with one enabled link",
       .is_required = true},
      {.name = "state_dir",
       .value_name = "DIR",
       .help = "folder that keeps where each partition stands; survives crashes, one link each",
       .default_text = "replicator-state/SOURCE-to-TARGET"},
      {.name = "shards",
       .value_name = "N",
       .help = "threads that copy; 0 takes one per core; at most tasks.max of FILE",
       .default_text = "0"},
      {.name = "buffer_bytes",
       .value_name = "BYTES",
       .help = "memory for fetched batches, for the whole process; 0 takes 64 MiB, or 8 MiB per shard if that is more",
       .default_text = "0"},
      {.name = "source_bytes_per_second",
       .value_name = "BYTES",
       .help = "most that is fetched from the source in a second, for the whole process; 0 is no cap",
       .default_text = "0"},
      {.name = "target_bytes_per_second",
       .value_name = "BYTES",
       .help = "most that is written to the target in a second, for the whole process; 0 is no cap",
       .default_text = "0"},
      {.name = "allow_lower_replication_factor",
       .help = "create topics with as many replicas as the target has brokers when it has fewer than\n"
               "replication.factor of FILE asks for; for labs"},
      {.name = "accept_target_settings",
       .value_name = "TOPIC",
       .help = "copy TOPIC of the source (a name or a pattern, as in topics; may be given more than once)\n"
               "although the settings of its topic on the target delete or change records",
       .is_repeatable = true},
      {.name = "dry_run", .help = "connect, check, print what would be created and copied, and end; change nothing"},
      {.name = "without_store", .is_hidden = true},
      {.name = "produce_connections",
       .value_name = "N",
       .help = "most connections to write to one target broker, for each shard; begins with one, opens\n"
               "another while partitions wait for answers over those it has",
       .default_text = "4"},
      {.name = "in_flight_max", .value_name = "N", .is_hidden = true},
  };
  command.run = [run_link = std::move(run_link)](Streams streams) { return Run(run_link, streams); };
  return command;
}

}  // namespace replicator
