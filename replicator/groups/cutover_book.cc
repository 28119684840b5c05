#include "replicator/groups/cutover_book.h"

#include <asio/post.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "kafka/net/signal.h"
#include "replicator/groups/cutover_record.pb.h"

namespace replicator {
namespace {

constexpr size_t kLengthBytes = 4;

std::optional<std::string> GroupOf(const std::string& key) {
  if (key.size() <= 1 + kLengthBytes || key[0] != kCutoverRecordKind) return std::nullopt;
  size_t length = 0;
  for (size_t i = 1; i <= kLengthBytes; ++i) length = length << 8 | static_cast<unsigned char>(key[i]);
  if (length != key.size() - 1 - kLengthBytes) return std::nullopt;
  return key.substr(1 + kLengthBytes);
}

bool Read(const std::string& value, CutoverRecord& record) {
  cutovers::stored::Cutover stored;
  if (!stored.ParseFromString(value) || stored.schema_version() != kCutoverRecordVersion) return false;
  const std::optional<CutoverPhase> phase = CutoverPhaseNamed(stored.phase());
  if (!phase.has_value()) return false;
  record.phase = *phase;
  record.who = stored.who();
  record.started_ms = stored.started_ms();
  record.held_ms = stored.held_ms();
  record.moved_ms = stored.moved_ms();
  record.is_held = stored.is_held();
  for (const cutovers::stored::Position& one : stored.positions()) {
    CutoverPosition position;
    position.topic = one.topic();
    position.partition = one.partition();
    position.source_offset = one.source_offset();
    position.target_offset = one.target_offset();
    position.target_end = one.target_end();
    if (one.has_target_before()) position.target_before = one.target_before();
    if (one.has_metadata()) position.metadata = one.metadata();
    position.proof = one.proof();
    position.proof_text = one.proof_text();
    record.positions.push_back(std::move(position));
  }
  return true;
}

}  // namespace

std::string CutoverKey(const std::string& group) {
  std::string key(1, kCutoverRecordKind);
  const auto length = static_cast<uint32_t>(group.size());
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(length >> shift));
  return key + group;
}

std::string EncodeCutover(const CutoverRecord& record) {
  cutovers::stored::Cutover stored;
  stored.set_schema_version(kCutoverRecordVersion);
  stored.set_phase(CutoverPhaseName(record.phase));
  stored.set_who(record.who);
  stored.set_started_ms(record.started_ms);
  stored.set_held_ms(record.held_ms);
  stored.set_moved_ms(record.moved_ms);
  stored.set_is_held(record.is_held);
  for (const CutoverPosition& position : record.positions) {
    cutovers::stored::Position& one = *stored.add_positions();
    one.set_topic(position.topic);
    one.set_partition(position.partition);
    one.set_source_offset(position.source_offset);
    one.set_target_offset(position.target_offset);
    one.set_target_end(position.target_end);
    if (position.target_before.has_value()) one.set_target_before(*position.target_before);
    if (position.metadata.has_value()) one.set_metadata(*position.metadata);
    one.set_proof(position.proof);
    one.set_proof_text(position.proof_text);
  }
  return stored.SerializeAsString();
}

absl::StatusOr<std::map<std::string, CutoverRecord>> CutoverBook::Restore(
    const std::map<std::string, std::string>& records) {
  std::map<std::string, CutoverRecord> restored;
  for (const auto& [key, value] : records) {
    const std::optional<std::string> group = GroupOf(key);
    CutoverRecord record;
    if (!group.has_value() || !Read(value, record))
      return absl::FailedPreconditionError(
          absl::StrCat("the link's log holds a record of a cutover that cannot be read (key ", absl::CHexEscape(key),
                       "): it was written by a later version of this program, which has to go on"));
    record.group = *group;
    restored[*group] = std::move(record);
  }
  return restored;
}

const CutoverRecord* CutoverBook::Find(const std::string& group) const {
  const auto found = records_.find(group);
  return found == records_.end() ? nullptr : &found->second;
}

asio::awaitable<absl::Status> CutoverBook::Write(CutoverRecord record) {
  LinkLog::Record written = {CutoverKey(record.group), EncodeCutover(record)};
  records_[record.group] = std::move(record);
  co_return co_await Send(std::move(written));
}

asio::awaitable<absl::Status> CutoverBook::Forget(std::string group) {
  records_.erase(group);
  LinkLog::Record forgotten = {CutoverKey(group), std::nullopt};
  co_return co_await Send(std::move(forgotten));
}

asio::awaitable<absl::Status> CutoverBook::Send(LinkLog::Record record) {
  struct Pending {
    explicit Pending(asio::any_io_executor executor) : written(std::move(executor)) {}
    std::optional<absl::Status> status;
    kafka::Signal written;
  };
  auto pending = std::make_shared<Pending>(executor_);
  std::vector<LinkLog::Record> records = ledger_->TakeChanges();
  records.push_back(std::move(record));
  log_->Write(std::move(records), [executor = executor_, pending](absl::Status status) {
    asio::post(executor, [pending, status = std::move(status)] {
      pending->status = status;
      pending->written.Notify();
    });
  });
  while (!pending->status.has_value()) co_await pending->written.Wait();
  co_return *pending->status;
}

}  // namespace replicator
