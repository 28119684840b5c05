// What is written down of cutovers, by group: one record of the link's log for each, which a cutover writes before each
// step that takes effect. What concerns the group's offsets goes with it in the same transaction (group_ledger.h).
//
//   C length(4) group            Cutover of cutover_record.proto; `length` as in group_ledger.h
//
// On one event loop.
#ifndef REPLICATOR_REPLICATOR_GROUPS_CUTOVER_BOOK_H_
#define REPLICATOR_REPLICATOR_GROUPS_CUTOVER_BOOK_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "replicator/groups/group_ledger.h"
#include "replicator/memory/link_log.h"
#include "replicator/status/cutover_status.h"

namespace replicator {

inline constexpr uint32_t kCutoverRecordVersion = 1;
inline constexpr char kCutoverRecordKind = 'C';

std::string CutoverKey(const std::string& group);
std::string EncodeCutover(const CutoverRecord& record);

class CutoverBook {
 public:
  // FailedPrecondition: of a later version, or not readable.
  static absl::StatusOr<std::map<std::string, CutoverRecord>> Restore(
      const std::map<std::string, std::string>& records);

  // `log` and `ledger` outlive this.
  CutoverBook(asio::any_io_executor executor, LinkLog* log, GroupLedger* ledger,
              std::map<std::string, CutoverRecord> records)
      : executor_(std::move(executor)), log_(log), ledger_(ledger), records_(std::move(records)) {}

  // nullptr: it was never cut over.
  const CutoverRecord* Find(const std::string& group) const;
  const std::map<std::string, CutoverRecord>& records() const { return records_; }
  GroupLedger& ledger() { return *ledger_; }

  // Until it is durable, with what has changed in the ledger. Aborted: another process has the link now. What was
  // written counts here from the call on.
  asio::awaitable<absl::Status> Write(CutoverRecord record);
  // The group was not moved, and nothing of it is held.
  asio::awaitable<absl::Status> Forget(std::string group);

 private:
  asio::awaitable<absl::Status> Send(LinkLog::Record record);

  const asio::any_io_executor executor_;
  LinkLog* const log_;
  GroupLedger* const ledger_;
  std::map<std::string, CutoverRecord> records_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_CUTOVER_BOOK_H_
