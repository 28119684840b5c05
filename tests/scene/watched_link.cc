#include "tests/scene/watched_link.h"

#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/cluster/late.h"

namespace replicator::tests {
namespace {

using Json = nlohmann::json;

// Each look is a process.
constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

bool WaitLooking(const std::function<bool()>& look, absl::Duration timeout) {
  absl::Time next_look = absl::InfinitePast();
  const auto now_and_then = [&] {
    if (absl::Now() < next_look) return false;
    next_look = absl::Now() + kLookInterval;
    return look();
  };
  return WaitFor(now_and_then, timeout) || look();
}

}  // namespace

absl::Status WatchedLink::Start() {
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> process = ReplicatorProcess::Start(options_);
  if (process.ok()) process_ = *std::move(process);
  return process.status();
}

CommandOutput WatchedLink::Run(std::vector<std::string> arguments, absl::Duration timeout) {
  absl::StatusOr<std::string> binary = ReplicatorBinary();
  if (!binary.ok()) return {-1, binary.status().ToString()};
  ProcessOptions process;
  process.argv = {*binary};
  process.argv.insert(process.argv.end(), arguments.begin(), arguments.end());
  process.argv.push_back("--state-dir=" + options_.state_dir);
  process.log_path = absl::StrCat(options_.dir, "/command-", ++commands_, ".log");
  absl::StatusOr<std::unique_ptr<ChildProcess>> child = ChildProcess::Start(process);
  if (!child.ok()) return {-1, child.status().ToString()};
  absl::StatusOr<ExitStatus> ended = (*child)->Wait(timeout);
  std::ifstream in(process.log_path);
  return {ended.ok() ? ended->code : -1, std::string(std::istreambuf_iterator<char>(in), {})};
}

Json WatchedLink::Status() {
  const CommandOutput output = Run({"status", "--json"});
  Json status = Json::parse(output.text, nullptr, /*allow_exceptions=*/false);
  return status.is_object() ? status : Json::object();
}

Json WatchedLink::PartitionStatus(const std::string& topic, int partition) {
  const Json status = Status();
  for (const Json& each : status.value("topics", Json::array())) {
    if (each.value("topic", "") != topic) continue;
    for (Json one : each.value("partitions", Json::array())) {
      if (one.value("partition", -1) == partition) return one;
    }
  }
  return Json::object();
}

std::string WatchedLink::Code(const std::string& topic, int partition) {
  const Json quarantine = PartitionStatus(topic, partition).value("quarantine", Json::object());
  return quarantine.value("code", kNoCode);
}

testing::AssertionResult WatchedLink::ReachesCode(const std::string& topic, const std::string& code, int partition,
                                                  absl::Duration timeout) {
  if (WaitLooking([&] { return Code(topic, partition) == code; }, timeout)) return testing::AssertionSuccess();
  return Late(topic, partition, absl::StrCat("is not ", code));
}

testing::AssertionResult WatchedLink::ReachesState(const std::string& topic, const std::string& state, int partition,
                                                   absl::Duration timeout) {
  const auto look = [&] { return PartitionStatus(topic, partition).value("state", "") == state; };
  if (WaitLooking(look, timeout)) return testing::AssertionSuccess();
  return Late(topic, partition, absl::StrCat("is not ", state));
}

testing::AssertionResult WatchedLink::ReachesError(const std::string& topic, absl::string_view text, int partition,
                                                   absl::Duration timeout) {
  const auto look = [&] { return absl::StrContains(PartitionStatus(topic, partition).value("last_error", ""), text); };
  if (WaitLooking(look, timeout)) return testing::AssertionSuccess();
  return Late(topic, partition, absl::StrCat("shows no error with ", text));
}

testing::AssertionResult WatchedLink::Late(const std::string& topic, int partition, const std::string& what) {
  const std::string seen = PartitionStatus(topic, partition).dump();
  return testing::AssertionFailure() << NoteLate(absl::StrCat(topic, "-", partition, " ", what, " but ", seen))
                                     << "\nlog:\n"
                                     << process_->LogTail();
}

testing::AssertionResult WatchedLink::NothingIsQuarantined() {
  const Json status = Status();
  const Json topics = status.value("topics", Json::array());
  if (topics.empty()) return testing::AssertionFailure() << "no topic is listed: " << status;
  for (const Json& topic : topics) {
    if (topic.value("quarantined", -1) != 0) return testing::AssertionFailure() << topic;
  }
  return testing::AssertionSuccess();
}

}  // namespace replicator::tests
