#include "replicator/groups/cutover_desk.h"

#include <glog/logging.h>

#include <algorithm>
#include <asio/co_spawn.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kafka/net/must_not_throw.h"

namespace replicator {
namespace {

using kafka::Clock;

// Groups at once. Each waits for brokers most of the time.
constexpr size_t kSeats = 8;
constexpr Clock::duration kKeepInterval = std::chrono::seconds(1);

std::unique_ptr<kafka::ClusterClient> NewClient(const char* side, const ClusterConfig& config,
                                                const kafka::ConnectionOptions& options) {
  // The control loop has read the same addresses before.
  auto client = std::make_unique<kafka::ClusterClient>(
      absl::StrCat(side, " cluster ", config.alias), kafka::ParseEndpoints(config.bootstrap_servers).value(), options);
  client->set_expected_id(options.cluster_id);
  return client;
}

kafka::WindowReaderOptions ReaderOf(const char* side, const ClusterConfig& config,
                                    const kafka::ConnectionOptions& options) {
  kafka::WindowReaderOptions reader;
  reader.cluster_name = absl::StrCat(side, " cluster ", config.alias);
  reader.bootstrap_servers = absl::StrJoin(config.bootstrap_servers, ",");
  reader.client_id = options.client_id;
  return reader;
}

// Sees what the copy sees.
kafka::WindowReaderOptions SourceReader(const LinkConfig& config, const kafka::ConnectionOptions& options) {
  kafka::WindowReaderOptions reader = ReaderOf("source", config.source, options);
  reader.properties["isolation.level"] = IsolationName(config.isolation_level);
  return reader;
}

const char* DoingText(CutoverRequest::Action action) {
  switch (action) {
    case CutoverRequest::Action::kRollback:
      return "rollback";
    case CutoverRequest::Action::kRelease:
      return "release";
    case CutoverRequest::Action::kCutover:
      break;
  }
  return "cutover";
}

}  // namespace

struct CutoverDesk::Seat {
  std::unique_ptr<kafka::ClusterClient> source;
  std::unique_ptr<kafka::ClusterClient> target;
  bool is_taken = false;
};

CutoverDesk::CutoverDesk(asio::any_io_executor executor, Options options)
    : executor_(executor),
      options_(std::move(options)),
      translator_(executor, options_.shards),
      book_(executor, options_.log, options_.ledger, options_.records),
      holding_(NewClient("source", options_.config->source, options_.source)),
      held_groups_(*holding_),
      keeper_(held_groups_),
      prover_(Prover::Create(executor, SourceReader(*options_.config, options_.source),
                             ReaderOf("target", options_.config->target, options_.target))) {
  for (const auto& [group, record] : book_.records()) {
    if (!record.is_held) continue;
    keeper_.KeepAgain(group);
    // A rollback that was killed before it let go.
    if (record.phase != CutoverPhase::kRolledBack) continue;
    CutoverRequest release;
    release.action = CutoverRequest::Action::kRelease;
    release.groups = {group};
    const absl::Status begun = Begin(release);
    if (!begun.ok()) LOG(WARNING) << begun.message();
  }
}

CutoverDesk::~CutoverDesk() = default;

CutoverTools CutoverDesk::ToolsOf(Seat& seat) {
  CutoverTools tools;
  tools.source = seat.source.get();
  tools.target = seat.target.get();
  tools.translator = &translator_;
  tools.book = &book_;
  tools.keeper = &keeper_;
  tools.pulse = options_.pulse;
  tools.prover = prover_.get();
  tools.target_topic = [config = options_.config](const std::string& topic) {
    return config->replication_policy.TargetTopic(topic).value_or(topic);
  };
  tools.log_lag = options_.log_lag;
  tools.sync_is_quiet = options_.sync_is_quiet;
  return tools;
}

absl::Status CutoverDesk::Begin(const CutoverRequest& request) {
  if (request.groups.empty()) return absl::InvalidArgumentError("which group? Name one at least");
  for (const std::string& group : request.groups) {
    if (group.empty()) return absl::InvalidArgumentError("a group's name is empty");
    const auto found = progress_.find(group);
    if (found == progress_.end() || !found->second.is_running) continue;
    const bool is_same = found->second.action == request.action && found->second.is_dry_run == request.is_dry_run;
    if (!is_same)
      return absl::FailedPreconditionError(absl::StrCat("a ", DoingText(found->second.action), " of group ", group,
                                                        " is on its way: wait until it has ended"));
  }
  for (const std::string& group : request.groups) {
    Progress& progress = progress_[group];
    if (progress.is_running) continue;
    const int64_t run = progress.run + 1;
    progress = {};
    progress.is_running = true;
    progress.action = request.action;
    progress.is_dry_run = request.is_dry_run;
    progress.run = run;
    progress.text = "waits for others";
    queue_.push_back({group, request});
  }
  Pump();
  return absl::OkStatus();
}

void CutoverDesk::Pump() {
  while (!queue_.empty()) {
    Seat* seat = nullptr;
    for (const std::unique_ptr<Seat>& one : seats_) {
      if (!one->is_taken) seat = one.get();
    }
    if (seat == nullptr && seats_.size() < kSeats) {
      seats_.push_back(std::make_unique<Seat>());
      seat = seats_.back().get();
      seat->source = NewClient("source", options_.config->source, options_.source);
      seat->target = NewClient("target", options_.config->target, options_.target);
    }
    if (seat == nullptr) return;
    seat->is_taken = true;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    asio::co_spawn(executor_, Work(seat, std::move(job)), kafka::MustNotThrow());
  }
}

asio::awaitable<void> CutoverDesk::Work(Seat* seat, Job job) {
  const std::string group = job.group;
  const char* doing = DoingText(job.request.action);
  LOG(INFO) << doing << " of group " << group << (job.request.is_dry_run ? " (dry run)" : "") << ", asked for by "
            << (job.request.who.empty() ? "somebody" : job.request.who);
  GroupCutover cutover(ToolsOf(*seat), std::move(job.request), group, [this, group](int step, const std::string& text) {
    Progress& progress = progress_[group];
    progress.step = step;
    progress.text = text;
  });
  CutoverStop end = co_await cutover.Run();
  if (end.code == ExitCode::kDone) {
    LOG(INFO) << doing << " of group " << group << ": " << end.text;
  } else {
    LOG(WARNING) << doing << " of group " << group << " has not been done: " << end.text;
  }
  Progress& progress = progress_[group];
  progress.is_running = false;
  progress.code = end.code;
  progress.text = std::move(end.text);
  progress.positions = cutover.positions();
  seat->is_taken = false;
  Pump();
}

void CutoverDesk::TellHolds() {
  for (const auto& [group, kept] : keeper_.kept()) {
    std::string& told = hold_trouble_told_[group];
    if (told == kept.trouble) continue;
    if (kept.trouble.empty()) {
      LOG(INFO) << "group " << group << " is held at the source again";
    } else {
      LOG(WARNING) << "group " << group << " may not be held at the source: " << kept.trouble;
    }
    told = kept.trouble;
  }
}

asio::awaitable<void> CutoverDesk::KeepHolds() {
  for (;;) {
    if (keeper_.due() <= Clock::now()) {
      co_await keeper_.Beat();
      TellHolds();
    }
    co_await kafka::SleepFor(kKeepInterval);
  }
}

CutoverStatus CutoverDesk::Describe() const {
  CutoverStatus status;
  status.link = options_.config->Name();
  status.source_cluster_id = options_.source.cluster_id;
  status.target_cluster_id = options_.target.cluster_id;
  status.target_bootstrap_servers = absl::StrJoin(options_.config->target.bootstrap_servers, ",");
  std::map<std::string, CutoverLine> lines;
  for (const auto& [group, record] : book_.records()) lines[group].record = record;
  for (const auto& [group, progress] : progress_) {
    CutoverLine& line = lines[group];
    line.record.group = group;
    line.is_running = progress.is_running;
    line.run = progress.run;
    line.step = progress.step;
    line.text = progress.text;
    line.code = progress.code;
    if (line.record.positions.empty() || progress.is_dry_run) line.record.positions = progress.positions;
  }
  for (auto& [group, line] : lines) {
    const auto kept = keeper_.kept().find(group);
    if (kept != keeper_.kept().end()) line.hold_trouble = kept->second.trouble;
    status.groups.push_back(std::move(line));
  }
  return status;
}

}  // namespace replicator
