#include "replicator/status/stored_status.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/net/steady_event.h"
#include "offsets/store.h"
#include "replicator/base/exit_code.h"
#include "replicator/memory/folder_rights.h"

namespace replicator {
namespace {

constexpr std::chrono::seconds kWriteTimeout(10);
// A process that is starting or writing may take a file away while it is read.
constexpr int kReadTries = 5;
constexpr absl::Duration kReadInterval = absl::Milliseconds(100);

// When something was written last: the newest of the store's files.
int64_t LastWriteMs(const std::string& folder) {
  std::error_code error;
  std::filesystem::file_time_type newest = std::filesystem::file_time_type::min();
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/store", error)) {
    // Those without one (MANIFEST, CURRENT, LOCK) change when a store is merely opened.
    if (!entry.path().has_extension()) continue;
    const auto written = entry.last_write_time(error);
    if (!error) newest = std::max(newest, written);
  }
  if (newest == std::filesystem::file_time_type::min()) return 0;
  const auto age = std::filesystem::file_time_type::clock::now() - newest;
  return absl::ToUnixMillis(absl::Now() - absl::FromChrono(age));
}

QuarantineCode CodeOf(const offsets::StoredQuarantine& quarantine) {
  return ParseQuarantineCode(quarantine.code).value_or(QuarantineCode::kTargetNotOurs);
}

PartitionStatus StatusOf(const std::string& folder, const std::string& topic, const offsets::TopicRecord& record,
                         int32_t partition, const offsets::PartitionState& state) {
  PartitionStatus status;
  status.topic = topic;
  status.target_topic = record.target_name;
  status.partition = partition;
  status.records_lost = state.records_lost;
  if (state.lost_at_ms > 0) status.lost_at_ms = state.lost_at_ms;
  if (!state.eras.empty()) {
    status.copied_to = state.position.value;
    status.target_end = state.target_end.value;
  }
  if (state.quarantine.has_value() && CodeOf(*state.quarantine) == QuarantineCode::kSourceDeleted) {
    status.state = CopyState::kEnded;
    status.ended = state.quarantine->reason;
  } else if (state.quarantine.has_value()) {
    status.state = CopyState::kQuarantined;
    status.quarantine = {
        state.quarantine->code, state.quarantine->reason, state.quarantine->since_ms,
        ForFolder(ResumeCommand(CodeOf(*state.quarantine), topic, partition, status.copied_to), folder)};
    if (!state.resume_from.empty())
      status.last_error = absl::StrCat("goes on from ", state.resume_from, " when the process starts");
  }
  return status;
}

absl::StatusOr<LinkStatus> ReadOnce(const std::string& folder) {
  LinkStatus status;
  status.as_of_ms = LastWriteMs(folder);
  absl::StatusOr<std::unique_ptr<offsets::Store>> store = offsets::Store::Open({.folder = folder, .read_only = true});
  if (!store.ok()) return store.status();
  auto link = (*store)->LoadLink();
  if (!link.ok()) return link.status();
  auto topics = (*store)->LoadTopics();
  if (!topics.ok()) return topics.status();
  auto partitions = (*store)->LoadPartitions(/*chunks_max=*/0);
  if (!partitions.ok()) return partitions.status();
  if (link->has_value()) {
    status.source_cluster_id = (*link)->source_cluster_id;
    status.target_cluster_id = (*link)->target_cluster_id;
  }
  for (const auto& [name, record] : *topics) {
    for (auto at = partitions->lower_bound({record.number, 0});
         at != partitions->end() && at->first.topic == record.number; ++at)
      status.partitions.push_back(StatusOf(folder, name, record, at->first.partition, at->second));
  }
  return status;
}

}  // namespace

absl::StatusOr<LinkStatus> ReadStoredStatus(const std::string& folder) {
  const absl::StatusOr<bool> is_there = IsThere(folder + "/store/CURRENT");
  if (!is_there.ok()) return is_there.status();
  for (int tries = 1;; ++tries) {
    absl::StatusOr<LinkStatus> status = ReadOnce(folder);
    if (status.ok() || absl::IsNotFound(status.status())) return status;
    if (tries == kReadTries) return StateFolderError(status.status());
    absl::SleepFor(kReadInterval);
  }
}

absl::StatusOr<ResumePlan> ResumeInStore(const std::string& folder, const ResumeRequest& request) {
  const absl::StatusOr<ResumeFrom> from = ParseResumeFrom(request.from);
  if (!from.ok()) return from.status();
  const absl::StatusOr<bool> is_there = IsThere(folder + "/store");
  if (!is_there.ok()) return is_there.status();
  if (!*is_there) return absl::NotFoundError(absl::StrCat("there is no state in the folder ", folder));
  absl::StatusOr<std::unique_ptr<offsets::Store>> store = offsets::Store::Open({.folder = folder});
  if (!store.ok()) return StateFolderError(store.status());
  auto topics = (*store)->LoadTopics();
  if (!topics.ok()) return StateFolderError(topics.status());
  auto partitions = (*store)->LoadPartitions(/*chunks_max=*/0);
  if (!partitions.ok()) return StateFolderError(partitions.status());
  const std::string name = absl::StrCat(request.topic, "-", request.partition);
  auto topic = topics->find(request.topic);
  auto stored =
      topic == topics->end() ? partitions->end() : partitions->find({topic->second.number, request.partition});
  if (stored == partitions->end())
    return absl::NotFoundError(absl::StrCat(name, " is not in the state folder ", folder));
  offsets::PartitionState& state = stored->second;
  if (!state.quarantine.has_value())
    return absl::FailedPreconditionError(absl::StrCat(name, " is not quarantined: nothing to resume"));
  ResumeFacts facts = {.code = CodeOf(*state.quarantine)};
  if (!state.eras.empty()) {  // else it never began
    facts.position = state.position.value;
    facts.acknowledged_end = state.target_end.value;
  }
  absl::StatusOr<ResumePlan> plan = PlanResume(facts, *from);
  if (!plan.ok() || !request.Allows(*plan)) return plan;
  if (from->kind == ResumeFrom::Kind::kWhereItStands) {
    state.quarantine.reset();
    state.resume_from.clear();  // of an earlier wish
  } else {
    state.resume_from = request.from;
  }
  state.must_sync = true;
  kafka::SteadyEvent written;
  (*store)->Write({{stored->first, std::move(state)}}, [&written] { written.Notify(); });
  if (written.WaitUntil(std::chrono::steady_clock::now() + kWriteTimeout)) return plan;
  const std::string trouble = (*store)->trouble();
  store->reset();  // gives up what waits, before `written` is gone
  return absl::FailedPreconditionError(absl::StrCat("nothing was changed: ", trouble));
}

}  // namespace replicator
