#include "policy/broker_values.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace replicator::policy {
namespace {

bool Disagree(const std::map<int32_t, std::string>& by_broker) {
  for (const auto& [id, value] : by_broker) {
    if (value != by_broker.begin()->second) return true;
  }
  return false;
}

}  // namespace

// Of values that cannot be compared that of the broker with the lowest id.
std::string BrokerValues::Chosen(const std::string& name, const std::map<int32_t, std::string>& by_broker) const {
  std::string chosen = by_broker.begin()->second;
  for (const auto& [id, value] : by_broker) chosen = Choose(name, chosen, value, keeping_).value_or(chosen);
  return chosen;
}

void BrokerValues::ApplyTo(SettingValues& topic) const {
  for (const auto& [name, by_broker] : values_) {
    auto found = topic.find(name);
    if (found != topic.end() && !found->second.is_override) found->second.value = Chosen(name, by_broker);
  }
}

std::set<std::string> BrokerValues::Disagreements() const {
  std::set<std::string> names;
  for (const auto& [name, by_broker] : values_) {
    if (Disagree(by_broker)) names.insert(name);
  }
  return names;
}

std::vector<std::string> BrokerValues::Notes() const {
  std::vector<std::string> notes;
  for (const auto& [name, by_broker] : values_) {
    if (!Disagree(by_broker)) continue;
    const std::string each = absl::StrJoin(by_broker, ", ", [](std::string* out, const auto& broker) {
      absl::StrAppend(out, "broker ", broker.first, ": ", broker.second);
    });
    const std::string chosen = Chosen(name, by_broker);
    notes.push_back(absl::StrCat(name, " differs from broker to broker (", each, "); ",
                                 chosen.empty() ? "none of these" : chosen, " counts"));
  }
  return notes;
}

}  // namespace replicator::policy
