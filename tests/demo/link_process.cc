#include "tests/demo/link_process.h"

#include <signal.h>

#include <fstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"

namespace replicator::tests {
namespace {

constexpr size_t kLogTailBytes = 4096;
constexpr absl::string_view kCopiedBytes = "payload bytes copied in user space: ";

absl::Status Ended(ChildProcess& child, absl::string_view what) {
  return absl::InternalError(absl::StrCat("the replicator (pid ", child.pid(), ") ", what, ". Its log ends with:\n",
                                          child.LogTail(kLogTailBytes)));
}

}  // namespace

std::string LinkFileText(const LinkFile& link) {
  return absl::StrCat("clusters = old, new\n",                                                                   //
                      "old.bootstrap.servers = ", link.source_bootstrap_servers, "\n",                           //
                      "new.bootstrap.servers = ", link.target_bootstrap_servers, "\n",                           //
                      "old->new.enabled = true\n",                                                               //
                      "old->new.topics = ", link.topics, "\n",                                                   //
                      "replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy\n",  //
                      "replication.factor = ", link.replication_factor, "\n",                                    //
                      "tasks.max = ", link.tasks_max, "\n");
}

absl::StatusOr<std::unique_ptr<LinkProcess>> LinkProcess::Start(const LinkProcessOptions& options) {
  const std::string config = options.dir + "/mm2.properties";
  std::ofstream out(config);
  out << options.link_text;
  out.close();
  if (!out) return absl::UnavailableError(absl::StrCat("cannot write ", config));
  ProcessOptions process;
  process.argv = {options.program, "run", absl::StrCat("--config=", config),
                  absl::StrCat("--state-dir=", options.dir, "/state")};
  process.argv.insert(process.argv.end(), options.flags.begin(), options.flags.end());
  process.log_path = options.dir + "/replicator.log";
  const absl::Time started = absl::Now();
  absl::StatusOr<std::unique_ptr<ChildProcess>> child = ChildProcess::Start(process);
  if (!child.ok()) return child.status();
  return std::unique_ptr<LinkProcess>(new LinkProcess(*std::move(child), started));
}

absl::Status LinkProcess::CheckRunning() {
  return child_->Running() ? absl::OkStatus() : Ended(*child_, "has ended by itself");
}

absl::Status LinkProcess::Kill9() {
  absl::Status status = child_->Kill(SIGKILL);
  if (status.ok()) status = child_->Wait(kStopTimeout).status();
  return status;
}

absl::Status LinkProcess::Stop() {
  absl::Status status = CheckRunning();
  if (!status.ok()) return status;
  const absl::Time begin = absl::Now();
  const absl::StatusOr<ExitStatus> exit = child_->Terminate(kStopTimeout);
  if (!exit.ok()) return exit.status();
  if (!exit->ok()) return Ended(*child_, absl::StrCat("ended with ", exit->ToString(), " after SIGTERM"));
  if (absl::Now() - begin > kStopTimeout) return Ended(*child_, "had to be killed");
  return absl::OkStatus();
}

absl::StatusOr<int64_t> LinkProcess::PayloadBytesCopied() const {
  const std::string tail = child_->LogTail(kLogTailBytes);
  const size_t at = tail.rfind(kCopiedBytes);
  int64_t bytes = 0;
  if (at == std::string::npos) return absl::NotFoundError("the replicator's log does not say what it copied");
  const absl::string_view number = absl::string_view(tail).substr(at + kCopiedBytes.size());
  if (!absl::SimpleAtoi(number.substr(0, number.find_first_not_of("0123456789")), &bytes)) {
    return absl::InternalError("the replicator's last log line has no number of copied bytes");
  }
  return bytes;
}

}  // namespace replicator::tests
