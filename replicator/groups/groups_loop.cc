#include "replicator/groups/groups_loop.h"

#include <glog/logging.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kafka/net/must_not_throw.h"

namespace replicator {
namespace {

using kafka::Clock;

std::unique_ptr<kafka::ClusterClient> NewClient(const char* side, const ClusterConfig& config,
                                                const kafka::ConnectionOptions& options) {
  // The control loop has read the same addresses before.
  auto client = std::make_unique<kafka::ClusterClient>(
      absl::StrCat(side, " cluster ", config.alias), kafka::ParseEndpoints(config.bootstrap_servers).value(), options);
  client->set_expected_id(options.cluster_id);
  return client;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GroupsLoop>> GroupsLoop::Start(Options options) {
  absl::StatusOr<GroupLedger> ledger = GroupLedger::Restore(options.log->Restored(kGroupRecordKind));
  if (!ledger.ok()) return ledger.status();
  absl::StatusOr<std::map<std::string, CutoverRecord>> cutovers =
      CutoverBook::Restore(options.log->Restored(kCutoverRecordKind));
  if (!cutovers.ok()) return cutovers.status();
  std::unique_ptr<GroupsLoop> loop(new GroupsLoop(std::move(options), *std::move(ledger), *std::move(cutovers)));
  if (loop->options_.config->sync_group_offsets) asio::co_spawn(loop->io_, loop->Run(), kafka::MustNotThrow());
  asio::co_spawn(loop->io_, loop->desk_->KeepHolds(), kafka::MustNotThrow());
  loop->thread_ = std::thread([io = &loop->io_] { io->run(); });
  return loop;
}

GroupsLoop::GroupsLoop(Options options, GroupLedger ledger, std::map<std::string, CutoverRecord> cutovers)
    : options_(std::move(options)),
      source_(NewClient("source", options_.config->source, options_.source)),
      target_(NewClient("target", options_.config->target, options_.target)),
      translator_(io_.get_executor(), options_.shards) {
  const GroupSync::Parts parts = {source_.get(), target_.get(), &translator_, options_.log, options_.pulse.get()};
  sync_ = std::make_unique<GroupSync>(io_.get_executor(), *options_.config, parts, std::move(ledger));
  CutoverDesk::Options desk;
  desk.config = options_.config;
  desk.log = options_.log;
  desk.pulse = options_.pulse.get();
  desk.ledger = &sync_->ledger();
  desk.log_lag = options_.log_lag;
  desk.source = options_.source;
  desk.target = options_.target;
  desk.shards = options_.shards;
  desk.records = std::move(cutovers);
  desk.sync_is_quiet = [sync = sync_.get()](std::string group) { return sync->AwaitQuiet(std::move(group)); };
  desk_ = std::make_unique<CutoverDesk>(io_.get_executor(), std::move(desk));
}

GroupsLoop::~GroupsLoop() { Stop(); }

void GroupsLoop::Stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

asio::awaitable<void> GroupsLoop::Run() {
  const Clock::duration interval = absl::ToChronoNanoseconds(options_.config->sync_group_offsets_interval);
  std::string told;
  for (Clock::time_point next = Clock::now();; next = std::max(next + interval, Clock::now())) {
    if (Clock::now() < next) co_await kafka::SleepFor(next - Clock::now());
    absl::Status cycle = co_await sync_->Cycle();
    const std::string summary = GroupsSummary(sync_->Describe());
    {
      absl::MutexLock lock(&mutex_);
      summary_ = summary;
    }
    if (absl::IsAborted(cycle)) co_return;  // the control loop hears of that by the lock
    const std::string trouble(cycle.message());
    if (!cycle.ok() && trouble != told)
      LOG(WARNING) << "consumer groups: " << trouble << "; asked again in "
                   << absl::FormatDuration(options_.config->sync_group_offsets_interval);
    if (cycle.ok() && !told.empty()) LOG(INFO) << "consumer groups: nothing is in the way any more; " << summary;
    told = trouble;
  }
}

void GroupsLoop::Describe(std::function<void(GroupsStatus)> done) {
  asio::post(io_, [this, done = std::move(done)] { done(sync_->Describe()); });
}

void GroupsLoop::Cutover(CutoverRequest request, std::function<void(absl::StatusOr<CutoverStatus>)> done) {
  asio::post(io_, [this, request = std::move(request), done = std::move(done)] {
    const absl::Status begun = desk_->Begin(request);
    if (begun.ok()) {
      done(desk_->Describe());
    } else {
      done(begun);
    }
  });
}

void GroupsLoop::DescribeCutovers(std::function<void(CutoverStatus)> done) {
  asio::post(io_, [this, done = std::move(done)] { done(desk_->Describe()); });
}

std::string GroupsLoop::summary() const {
  absl::MutexLock lock(&mutex_);
  return summary_;
}

}  // namespace replicator
