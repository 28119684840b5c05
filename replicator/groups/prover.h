// Proves positions of groups: reads both sides with librdkafka on a thread of its own, and judges by proof.h.
//
// Asked from one event loop; the answers come on it.
#ifndef REPLICATOR_REPLICATOR_GROUPS_PROVER_H_
#define REPLICATOR_REPLICATOR_GROUPS_PROVER_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kafka/rdkafka/window_reader.h"
#include "replicator/groups/proof.h"

namespace replicator {

struct ProofQuestion {
  std::string source_topic;
  std::string target_topic;
  int32_t partition = -1;
  int64_t source_offset = -1;
  int64_t target_offset = -1;
  bool is_source_compacted = false;
  bool is_target_compacted = false;
  std::optional<ProofRun> run;
};

class Prover {
 public:
  virtual ~Prover() = default;
  // In the order of the questions. An error: a side could not be read.
  virtual asio::awaitable<absl::StatusOr<std::vector<Proof>>> Prove(std::vector<ProofQuestion> questions,
                                                                    absl::Duration patience) = 0;

  // Connects when it is asked first.
  static std::unique_ptr<Prover> Create(asio::any_io_executor executor, kafka::WindowReaderOptions source,
                                        kafka::WindowReaderOptions target);
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_PROVER_H_
