#include "replicator/serve/link_service.h"

#include <chrono>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "replicator/serve/translation_json.h"
#include "replicator/status/cutover_status.h"

namespace replicator {
namespace {

using Json = nlohmann::ordered_json;

// Longer than a shard waits for the source.
constexpr auto kResumeTimeout = std::chrono::seconds(20);

HttpAnswer JsonAnswer(int code, const Json& body) {
  return {code, body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}

// The errors that mean something to the caller, in HTTP's words.
constexpr std::pair<absl::StatusCode, int> kErrorCodes[] = {{absl::StatusCode::kInvalidArgument, 400},
                                                            {absl::StatusCode::kNotFound, 404},
                                                            {absl::StatusCode::kFailedPrecondition, 409},
                                                            {absl::StatusCode::kUnavailable, 503}};

HttpAnswer Error(const absl::Status& status) {
  int code = 500;
  for (const auto& [kind, number] : kErrorCodes) {
    if (status.code() == kind) code = number;
  }
  return JsonAnswer(code, {{"error", std::string(status.message())}});
}

absl::StatusOr<ResumeRequest> ParseRequest(const std::string& body) {
  try {
    const Json json = Json::parse(body);
    return ResumeRequest{json.at("topic").get<std::string>(), json.at("partition").get<int32_t>(),
                         json.value("from", ""), json.value("yes", false), json.value("dry_run", false)};
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the body has to be like {\"topic\": \"orders\", \"partition\": 0, \"from\": \"\", \"yes\": false, ",
        "\"dry_run\": false}: ", error.what()));
  }
}

// What a shard says to `ask`; nullopt when its loop does not answer in time, or when the service stops.
template <typename Value, typename Ask>
std::optional<Value> AskShard(const std::shared_ptr<ShardAnswers>& answers, std::chrono::seconds timeout, Ask ask) {
  auto answer = std::make_shared<std::optional<Value>>();
  ask([answers, answer](Value value) {
    std::lock_guard lock(answers->mutex);
    *answer = std::move(value);
    answers->changed.notify_all();
  });
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(answers->mutex);
  answers->changed.wait_until(lock, deadline, [&] { return answer->has_value() || answers->stopping; });
  return std::exchange(*answer, std::nullopt);
}

absl::Status NotUnderstood(const Json::exception& error) {
  return absl::InternalError(absl::StrCat("the process answers what this program does not know: ", error.what()));
}

absl::Status NoAnswer() {
  return absl::FailedPreconditionError("a shard of the process does not answer: it is stopping, or busy. Try again");
}

}  // namespace

std::string ResumeJson(const ResumeRequest& request) {
  const Json json = {{"topic", request.topic},
                     {"partition", request.partition},
                     {"from", request.from},
                     {"yes", request.yes},
                     {"dry_run", request.dry_run}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::Status ErrorIn(const HttpAnswer& answer) {
  try {
    const std::string error = Json::parse(answer.body).at("error").get<std::string>();
    for (const auto& [code, kind] : kErrorCodes) {
      if (answer.code == kind) return absl::Status(code, error);
    }
    return absl::InternalError(error);
  } catch (const Json::exception& error) {
    return NotUnderstood(error);
  }
}

absl::StatusOr<ResumeAnswer> ParseResumeAnswer(const HttpAnswer& answer) {
  if (answer.code != 200) return ErrorIn(answer);
  try {
    const Json body = Json::parse(answer.body);
    return ResumeAnswer{body.at("done").get<bool>(), body.at("text").get<std::string>()};
  } catch (const Json::exception& error) {
    return NotUnderstood(error);
  }
}

void LinkService::Stop() {
  {
    std::lock_guard lock(answers_->mutex);
    answers_->stopping = true;
    answers_->changed.notify_all();
  }
  server_.reset();
}

absl::Status LinkService::Start() {
  std::vector<HttpRoute> routes = {
      {"GET", "/status", [this](const std::string&) { return Status(); }},
      {"GET", "/groups", [this](const std::string&) { return Groups(); }},
      {"GET", "/cutover", [this](const std::string&) { return Cutovers(); }},
      {"POST", "/cutover", [this](const std::string& body) { return Cutover(body); }},
      {"POST", "/resume", [this](const std::string& body) { return Resume(body); }},
      {"POST", "/offsets/translate", [this](const std::string& body) { return Translate(body); }},
  };
  absl::StatusOr<std::unique_ptr<LocalServer>> server =
      LocalServer::Start(options_.folder, kSocketName, std::move(routes));
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

void LinkService::SetLeftOut(std::map<std::string, std::string> left_out, std::vector<std::string> by_rule) {
  absl::MutexLock lock(&mutex_);
  left_out_ = std::move(left_out);
  left_out_by_rule_ = std::move(by_rule);
}

void LinkService::SetChangelog(const Changelog* changelog) {
  absl::MutexLock lock(&mutex_);
  changelog_ = changelog;
}

void LinkService::SetEnded(std::map<std::string, std::string> ended) {
  absl::MutexLock lock(&mutex_);
  ended_ = std::move(ended);
}

void LinkService::SetAlarms(std::map<std::string, std::string> alarms) {
  absl::MutexLock lock(&mutex_);
  alarms_ = std::move(alarms);
}

void LinkService::SetStandby(std::string text, bool is_known) {
  absl::MutexLock lock(&mutex_);
  standby_ = is_known ? text : "";
  waiting_ = is_known ? "" : std::move(text);
}

void LinkService::SetTopicsTrouble(std::string trouble) {
  absl::MutexLock lock(&mutex_);
  topics_trouble_ = std::move(trouble);
}

void LinkService::SetShards(std::vector<Shard*> shards, GroupsLoop* groups) {
  absl::MutexLock lock(&mutex_);
  groups_ = groups;
  shards_ = std::move(shards);
  standby_.clear();
  waiting_.clear();
}

HttpAnswer LinkService::Groups() {
  const auto [shards, why_none] = ShardsOrWhyNone();
  if (shards.empty()) return Error(why_none);
  GroupsLoop* groups = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    groups = groups_;
  }
  if (groups == nullptr) return {200, ToJson(GroupsStatus{.as_of_ms = absl::ToUnixMillis(absl::Now())})};
  auto described = AskShard<GroupsStatus>(answers_, options_.describe_timeout,
                                          [groups](auto done) { groups->Describe(std::move(done)); });
  return described.has_value() ? HttpAnswer{200, ToJson(*described)} : Error(NoAnswer());
}

absl::StatusOr<GroupsLoop*> LinkService::TheGroups() {
  const auto [shards, why_none] = ShardsOrWhyNone();
  if (shards.empty()) return why_none;
  absl::MutexLock lock(&mutex_);
  if (groups_ == nullptr)
    return absl::FailedPreconditionError(
        "the process knows nothing of consumer groups: it keeps nothing, or this version cannot read what is kept of "
        "them. Its log says which");
  return groups_;
}

HttpAnswer LinkService::Cutovers() {
  const absl::StatusOr<GroupsLoop*> groups = TheGroups();
  if (!groups.ok()) return Error(groups.status());
  auto described = AskShard<CutoverStatus>(answers_, options_.describe_timeout,
                                           [&](auto done) { (*groups)->DescribeCutovers(std::move(done)); });
  return described.has_value() ? HttpAnswer{200, ToJson(*described)} : Error(NoAnswer());
}

HttpAnswer LinkService::Cutover(const std::string& body) {
  const absl::StatusOr<CutoverRequest> request = ParseCutoverRequest(body);
  if (!request.ok()) return Error(request.status());
  const absl::StatusOr<GroupsLoop*> groups = TheGroups();
  if (!groups.ok()) return Error(groups.status());
  auto begun = AskShard<absl::StatusOr<CutoverStatus>>(
      answers_, options_.describe_timeout, [&](auto done) { (*groups)->Cutover(*request, std::move(done)); });
  if (!begun.has_value()) return Error(NoAnswer());
  return begun->ok() ? HttpAnswer{200, ToJson(**begun)} : Error(begun->status());
}

HttpAnswer LinkService::Status() {
  LinkStatus status = options_.link;
  status.is_running = true;
  std::vector<Shard*> shards;
  {
    absl::MutexLock lock(&mutex_);
    shards = shards_;
    status.standby = standby_;
    status.waiting = waiting_;
    status.topics_trouble = topics_trouble_;
    if (changelog_ != nullptr) {
      const Changelog::Health health = changelog_->health();
      const auto behind =
          health.behind_since.has_value() ? kafka::Clock::now() - *health.behind_since : kafka::Clock::duration::zero();
      status.changelog_age_seconds = std::chrono::duration<double>(behind).count();
      status.changelog_trouble = health.trouble;
    }
    status.left_out = left_out_;
    status.ended = ended_;
    status.left_out_by_rule = left_out_by_rule_;
    status.alarms = alarms_;
    if (groups_ != nullptr) status.groups = groups_->summary();
  }
  for (Shard* shard : shards) {
    auto described = AskShard<std::vector<PartitionStatus>>(answers_, options_.describe_timeout,
                                                            [shard](auto done) { shard->Describe(std::move(done)); });
    if (!described.has_value()) return Error(NoAnswer());
    std::move(described->begin(), described->end(), std::back_inserter(status.partitions));
  }
  status.as_of_ms = absl::ToUnixMillis(absl::Now());
  if (options_.store != nullptr) status.store_trouble = options_.store->trouble();
  return {200, ToJson(status)};
}

std::pair<std::vector<Shard*>, absl::Status> LinkService::ShardsOrWhyNone() {
  absl::MutexLock lock(&mutex_);
  absl::Status why = absl::FailedPreconditionError("the process that answers is starting; try again");
  if (!standby_.empty())
    why = absl::FailedPreconditionError(
        absl::StrCat("the process that answers is a standby: ", standby_, ". Ask the one that copies"));
  if (!waiting_.empty())
    why = absl::FailedPreconditionError(
        absl::StrCat("the process that answers does not copy yet: ", waiting_, ". Try again once it does"));
  return {shards_, why};
}

HttpAnswer LinkService::Translate(const std::string& body) {
  const absl::StatusOr<std::vector<TranslationQuestion>> questions = ParseTranslationQuestions(body);
  if (!questions.ok()) return Error(questions.status());
  const auto [shards, why_none] = ShardsOrWhyNone();
  if (shards.empty()) return Error(why_none);
  std::vector<TranslationAnswer> answers(questions->size());
  for (TranslationAnswer& answer : answers) answer.is_copied = false;
  for (Shard* shard : shards) {
    auto told = AskShard<std::vector<TranslationAnswer>>(
        answers_, options_.describe_timeout, [&](auto done) { shard->Translate(*questions, std::move(done)); });
    if (!told.has_value()) return Error(NoAnswer());
    for (size_t i = 0; i < answers.size(); ++i) {
      if ((*told)[i].is_copied) answers[i] = (*told)[i];
    }
  }
  return {200, ToJson(*questions, answers)};
}

HttpAnswer LinkService::Resume(const std::string& body) {
  absl::StatusOr<ResumeRequest> request = ParseRequest(body);
  if (!request.ok()) return Error(request.status());
  auto [shards, last] = ShardsOrWhyNone();
  for (Shard* shard : shards) {
    auto plan = AskShard<absl::StatusOr<ResumePlan>>(answers_, kResumeTimeout,
                                                     [&](auto done) { shard->Resume(*request, std::move(done)); });
    if (!plan.has_value()) return Error(NoAnswer());
    if (plan->ok()) {
      const bool done = request->Allows(**plan);
      return JsonAnswer(200, {{"done", done}, {"text", (*plan)->text}});
    }
    last = plan->status();
    if (!absl::IsNotFound(last)) break;
  }
  return Error(last);
}

}  // namespace replicator
