#include "tests/cluster/verdict.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"

namespace replicator::tests {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kPayload = "verdict";
constexpr absl::string_view kHarnessPayload = "HARNESS";
constexpr int64_t kTailBytesMax = 1 << 20;
// A test that fails everywhere keeps its first failures; the rest would only take time.
constexpr int kKeepsMax = 5;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Target() {
  const std::string target = Variable("TEST_TARGET");
  return target.empty() ? "unnamed" : target;
}

// The name of the target as a part of a file's name, and the process.
std::string FileStem() {
  std::string name = Target();
  name.erase(0, name.find_first_not_of('/'));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !absl::ascii_isalnum(static_cast<unsigned char>(c)); }, '_');
  return absl::StrCat(name, ".", getpid());
}

std::string VerdictPath(absl::string_view ending) {
  const std::string folder = Variable("REPLICATOR_VERDICTS");
  return folder.empty() ? "" : absl::StrCat(folder, "/", FileStem(), ".", ending);
}

// What this process has noted, and who keeps something. Never destroyed: threads may outlive main.
class Notes {
 public:
  static Notes& Get() {
    static Notes* notes = new Notes;
    return *notes;
  }

  void Add(absl::string_view kind, absl::string_view text, bool fails) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      std::cerr << "VERDICT " << kind << " in " << scope_ << ": " << text << std::endl;
      Append(kind, text);
      if (!fails) return;
      noted_in_scope_ = noted_in_process_ = true;
      if (keeping_ || keeps_ == kKeepsMax) return;
      ++keeps_;
      keeping_ = true;
    }
    KeepAll();
    absl::MutexLock lock(&mutex_);
    keeping_ = false;
  }

  void EnterScope(absl::string_view name) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    scope_ = std::string(name);
    noted_in_scope_ = false;
  }

  bool noted_in_scope() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return noted_in_scope_;
  }

  bool noted_in_process() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return noted_in_process_;
  }

  int64_t AddKeeper(std::function<void(const std::string&)> keep) ABSL_LOCKS_EXCLUDED(keepers_mutex_) {
    absl::MutexLock lock(&keepers_mutex_);
    keepers_[++last_keeper_] = std::move(keep);
    return last_keeper_;
  }

  void RemoveKeeper(int64_t id) ABSL_LOCKS_EXCLUDED(mutex_, keepers_mutex_) {
    const bool noted = noted_in_process();
    absl::MutexLock lock(&keepers_mutex_);
    const auto found = keepers_.find(id);
    if (const std::string folder = noted ? KeptFolder() : ""; !folder.empty()) found->second(folder);
    keepers_.erase(found);
  }

 private:
  void Append(absl::string_view kind, absl::string_view text) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string path = VerdictPath(kind);
    if (path.empty()) return;
    const bool is_new = !fs::exists(path);
    std::ofstream out(path, std::ios::app);
    if (is_new) out << Target() << "\n";
    out << "== " << scope_ << "\n" << text << "\n";
    out.close();
    if (!out) std::cerr << "cannot write " << path << std::endl;
  }

  // Holds `keepers_mutex_` meanwhile, so that no owner goes away under it.
  void KeepAll() ABSL_LOCKS_EXCLUDED(keepers_mutex_) {
    const std::string folder = KeptFolder();
    if (folder.empty()) return;
    absl::MutexLock lock(&keepers_mutex_);
    for (const auto& [id, keep] : keepers_) keep(folder);
    std::cerr << "kept in " << folder << std::endl;
  }

  mutable absl::Mutex mutex_;
  std::string scope_ ABSL_GUARDED_BY(mutex_) = "(no case)";
  bool noted_in_scope_ ABSL_GUARDED_BY(mutex_) = false;
  bool noted_in_process_ ABSL_GUARDED_BY(mutex_) = false;
  bool keeping_ ABSL_GUARDED_BY(mutex_) = false;
  int keeps_ ABSL_GUARDED_BY(mutex_) = 0;

  absl::Mutex keepers_mutex_;
  std::map<int64_t, std::function<void(const std::string&)>> keepers_ ABSL_GUARDED_BY(keepers_mutex_);
  int64_t last_keeper_ ABSL_GUARDED_BY(keepers_mutex_) = 0;
};

bool NamesSecret(absl::string_view line) {
  const std::string key = absl::AsciiStrToLower(line.substr(0, line.find('=')));
  return absl::StrContains(key, "password") || absl::StrContains(key, "secret") || absl::StrContains(key, "jaas");
}

// A value may go on in the lines behind a backslash.
std::string WithoutSecrets(const std::string& text) {
  std::string result;
  bool hides = false;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const bool begins_secret = !hides && NamesSecret(line);
    if (begins_secret) absl::StrAppend(&result, line.substr(0, line.find('=')), "= (not kept)\n");
    if (!hides && !begins_secret) absl::StrAppend(&result, line, "\n");
    hides = (hides || begins_secret) && absl::EndsWith(line, "\\");
  }
  return result;
}

}  // namespace

void Wrong(absl::string_view text) { Notes::Get().Add("WRONG", text, /*fails=*/true); }
void Stalled(absl::string_view text) { Notes::Get().Add("STALLED", text, /*fails=*/true); }
void Harness(absl::string_view text) { Notes::Get().Add("HARNESS", text, /*fails=*/true); }
void Skipped(absl::string_view text) { Notes::Get().Add("SKIPPED", text, /*fails=*/false); }

absl::Status AsHarness(absl::Status status) {
  if (!status.ok()) status.SetPayload(kPayload, absl::Cord(kHarnessPayload));
  return status;
}

bool IsHarness(const absl::Status& status) { return status.GetPayload(kPayload).has_value(); }

bool ShowsHarness(absl::string_view text) {
  return absl::StrContains(text, absl::StrCat("[", kPayload, "='", kHarnessPayload, "']"));
}

std::string KeptFolder() {
  std::string folder = Variable("REPLICATOR_KEPT");
  folder = folder.empty() ? Variable("TEST_UNDECLARED_OUTPUTS_DIR") : absl::StrCat(folder, "/", FileStem());
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  return error ? "" : folder;
}

void KeepTail(const std::string& path, const std::string& folder, absl::string_view prefix) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return;
  const int64_t size = in.tellg();
  const int64_t begin = std::max<int64_t>(0, size - kTailBytesMax);
  in.seekg(begin);
  std::string tail(static_cast<size_t>(size - begin), '\0');
  in.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  tail.resize(static_cast<size_t>(in.gcount()));
  if (absl::EndsWith(path, ".properties")) tail = WithoutSecrets(tail);
  std::ofstream(absl::StrCat(folder, "/", prefix, fs::path(path).filename().string()), std::ios::binary) << tail;
}

Keeper::Keeper(std::function<void(const std::string& folder)> keep) : id_(Notes::Get().AddKeeper(std::move(keep))) {}
Keeper::~Keeper() { Notes::Get().RemoveKeeper(id_); }

void NoteRunning() {
  if (const std::string path = VerdictPath("running"); !path.empty()) std::ofstream(path) << Target() << "\n";
}

void NoteEnd() {
  std::error_code error;
  if (const std::string path = VerdictPath("running"); !path.empty()) fs::remove(path, error);
}

void EnterScope(absl::string_view name) { Notes::Get().EnterScope(name); }
bool NotedInScope() { return Notes::Get().noted_in_scope(); }
bool NotedInProcess() { return Notes::Get().noted_in_process(); }

}  // namespace replicator::tests
