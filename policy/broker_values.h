// Settings that topics take from their brokers: each broker has its own (log.retention.hours and the like), and those
// of one cluster can disagree.
#ifndef REPLICATOR_POLICY_BROKER_VALUES_H_
#define REPLICATOR_POLICY_BROKER_VALUES_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/topic_settings.h"

namespace replicator::policy {

class BrokerValues {
 public:
  // At the source that value counts under which more stays, at the target the one under which less does.
  explicit BrokerValues(Keeping keeping) : keeping_(keeping) {}

  // Broker `id` says this of topics that do not set `name` themselves.
  void Add(int32_t id, const std::string& name, const std::string& value) { values_[name][id] = value; }

  // Puts what counts into `topic` wherever it does not set a value itself.
  void ApplyTo(SettingValues& topic) const;

  // The settings on which they disagree.
  std::set<std::string> Disagreements() const;
  // One sentence each.
  std::vector<std::string> Notes() const;

 private:
  std::string Chosen(const std::string& name, const std::map<int32_t, std::string>& by_broker) const;

  const Keeping keeping_;
  std::map<std::string, std::map<int32_t, std::string>> values_;
};

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_BROKER_VALUES_H_
