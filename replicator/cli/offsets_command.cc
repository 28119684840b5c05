#include "replicator/cli/offsets_command.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "gflags/gflags.h"
#include "replicator/cli/link_flags.h"
#include "replicator/copy/stored_translation.h"
#include "replicator/copy/translation.h"
#include "replicator/serve/link_service.h"
#include "replicator/serve/local_server.h"
#include "replicator/serve/translation_json.h"

DEFINE_string(offset, "", "");
DEFINE_bool(reverse, false, "");

namespace replicator {
namespace {

using offsets::TranslationKind;

// Of the longest topic names, so many questions fit into a request (LocalServer).
constexpr size_t kPerRequest = 100;

absl::StatusOr<std::vector<TranslationQuestion>> QuestionsFromFlags() {
  if (FLAGS_partition < 0) return absl::InvalidArgumentError("--partition is out of range: write 0 or more");
  std::vector<TranslationQuestion> questions;
  for (const absl::string_view text : absl::StrSplit(FLAGS_offset, ',')) {
    int64_t offset = -1;
    if (!absl::SimpleAtoi(text, &offset) || offset < 0)
      return absl::InvalidArgumentError(absl::StrCat("--offset is no offset: ", text, ". Write a number, 0 or more"));
    questions.push_back({FLAGS_topic, FLAGS_partition, offset, FLAGS_reverse});
  }
  return questions;
}

struct Answers {
  std::vector<TranslationAnswer> answers;
  bool by_process = false;  // else from its folder
};

// NotFound: no process runs.
absl::StatusOr<std::vector<TranslationAnswer>> AskProcess(const std::string& folder,
                                                          absl::Span<const TranslationQuestion> questions) {
  std::vector<TranslationAnswer> answers;
  while (!questions.empty()) {
    const absl::Span<const TranslationQuestion> some = questions.first(std::min(kPerRequest, questions.size()));
    questions.remove_prefix(some.size());
    const absl::StatusOr<HttpAnswer> answer =
        CallLocal(folder, kSocketName, "POST", "/offsets/translate", ToJson(some));
    if (absl::IsNotFound(answer.status())) return answer.status();
    if (!answer.ok()) return StateFolderError(answer.status());
    if (answer->code != 200) return ErrorIn(*answer);
    const absl::StatusOr<std::vector<TranslationAnswer>> told = ParseTranslationAnswers(answer->body);
    if (!told.ok()) return told.status();
    if (told->size() != some.size()) return absl::InternalError("the process answers other questions");
    answers.insert(answers.end(), told->begin(), told->end());
  }
  return answers;
}

absl::StatusOr<Answers> Ask(const std::string& folder, const std::vector<TranslationQuestion>& questions) {
  absl::StatusOr<std::vector<TranslationAnswer>> answers = AskProcess(folder, questions);
  if (answers.ok()) return Answers{*std::move(answers), true};
  if (!absl::IsNotFound(answers.status())) return answers.status();
  answers = TranslateInStore(folder, questions);
  if (!answers.ok()) return answers.status();
  return Answers{*std::move(answers), false};
}

std::string Words(const TranslationQuestion& question, const TranslationAnswer& answer) {
  const char* here = question.to_source ? "target" : "source";
  const char* there = question.to_source ? "source" : "target";
  const std::string place = answer.position < 0 ? "its place is not known yet"
                                                : absl::StrCat("the copy stands at source offset ", answer.position);
  switch (answer.kind) {
    case TranslationKind::kExact:
      return absl::StrCat(there, " offset ", answer.offset,
                          answer.is_same_record ? ", the same record"
                                                : absl::StrCat(", the next record or the end: the ", there,
                                                               " has none of that ", here, " offset"));
    case TranslationKind::kWait:
      if (question.to_source)
        return absl::StrCat("not from the source: what was copied ends at target offset ", answer.target_end);
      return absl::StrCat("not copied yet: ", place);
    case TranslationKind::kNotCopied:
      return absl::StrCat("never copied: the copy went on behind it, and the source has records there");
    case TranslationKind::kUnknown:
      return absl::StrCat("not known where it lies on the ", there, "; ", place);
  }
  return "";
}

// What a reader of an exact answer has to know beside it.
std::string Caveat(const TranslationQuestion& question, const TranslationAnswer& answer) {
  if (answer.kind != TranslationKind::kExact) return "";
  const char* there = question.to_source ? "source" : "target";
  const int64_t log_start = question.to_source ? answer.source_log_start : answer.target_log_start;
  if (log_start < 0)
    return absl::StrCat("Where the ", there, "'s log begins is not known: retention may have taken that record there");
  if (answer.is_quarantined)
    return "The partition is quarantined (see replicator status): this is how it was until then";
  return "";
}

ExitCode CodeOf(const std::vector<TranslationAnswer>& answers) {
  const auto any = [&](TranslationKind kind) {
    return std::any_of(answers.begin(), answers.end(), [&](const auto& answer) { return answer.kind == kind; });
  };
  if (any(TranslationKind::kUnknown) || any(TranslationKind::kNotCopied)) return ExitCode::kBlocked;
  return any(TranslationKind::kWait) ? ExitCode::kCopyBehind : ExitCode::kDone;
}

ExitCode Run(Streams streams) {
  const absl::StatusOr<std::vector<TranslationQuestion>> questions = QuestionsFromFlags();
  if (!questions.ok()) return FailWith(streams, questions.status());
  const absl::StatusOr<std::string> folder = StateDirFromFlags();
  if (!folder.ok()) return FailWith(streams, folder.status());
  const absl::StatusOr<Answers> told = Ask(*folder, *questions);
  if (!told.ok()) return FailWith(streams, told.status());
  if (!told->answers.front().is_copied) {  // all are of one partition
    return FailWith(streams,
                    absl::NotFoundError(absl::StrCat("the link copies no partition ", FLAGS_partition, " of a topic ",
                                                     FLAGS_topic, ": replicator status lists its topics")));
  }
  if (FLAGS_json) {
    streams.out << ToJson(*questions, told->answers);
    return CodeOf(told->answers);
  }
  std::string caveat;
  for (size_t i = 0; i < questions->size(); ++i) {
    const TranslationQuestion& question = (*questions)[i];
    streams.out << question.source_topic << "-" << question.partition << ": "
                << (question.to_source ? "target" : "source") << " offset " << question.offset << " is "
                << Words(question, told->answers[i]) << "\n";
    if (caveat.empty()) caveat = Caveat(question, told->answers[i]);
  }
  if (!told->by_process) streams.err << "replicator: no process runs; this is what its state folder holds\n";
  if (!caveat.empty()) streams.err << "replicator: " << caveat << "\n";
  return CodeOf(told->answers);
}

}  // namespace

Command OffsetsTranslateCommand() {
  Command command;
  command.name = "offsets translate";
  command.summary = "Tell where an offset of the source lies on the target, or back.";
  command.description =
      "For positions that are kept outside of Kafka. The answer is where a reader goes on that would\n"
      "have gone on at that offset: at the same record, or at the next one that there is. It is exact\n"
      "or it is none: beyond what is copied the command ends with 11, and where the copy went on\n"
      "elsewhere (after resume, or a lost state folder) and nobody knows what lies between, with 3.\n"
      "Asks the running process over the socket in its state folder; when none runs, the folder.";
  command.flags = {
      {.name = "topic", .value_name = "TOPIC", .help = "the topic, as the source has it", .is_required = true},
      {.name = "partition", .value_name = "N", .help = "its partition", .is_required = true},
      {.name = "offset",
       .value_name = "OFFSET",
       .help = "the offset of the next record to read; may be given more than once",
       .is_required = true,
       .is_repeatable = true},
      {.name = "reverse", .help = "the offset is one of the target, and the source's is asked for"},
      {.name = "json", .help = "for scripts, with the log starts and the copy's position; see schema_version"},
  };
  for (Flag& flag : LinkFlags()) command.flags.push_back(std::move(flag));
  command.run = Run;
  return command;
}

}  // namespace replicator
