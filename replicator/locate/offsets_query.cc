#include "replicator/locate/offsets_query.h"

#include <map>
#include <string>
#include <utility>

namespace replicator {
namespace {

constexpr Clock::duration kListOffsetsTimeout = std::chrono::seconds(15);

const std::string& TopicOf(const Stream& stream, Side side) {
  return side == Side::kSource ? stream.assignment.source_topic : stream.assignment.target_topic;
}

kafka::ListOffsetsRequest ToRequest(const std::vector<Stream*>& streams, const OffsetsQuery& query) {
  kafka::ListOffsetsRequest request(query.replica_id);
  std::map<std::string, std::vector<kafka::ListOffsetsRequest::Partition>> topics;
  for (const Stream* stream : streams) {
    const Leader& leader = query.side == Side::kSource ? stream->source_leader : stream->target_leader;
    topics[TopicOf(*stream, query.side)].push_back({stream->assignment.partition, leader.fence, query.timestamp_ms});
  }
  for (auto& [topic, partitions] : topics) request.topics.push_back({topic, std::move(partitions)});
  return request;
}

}  // namespace

asio::awaitable<absl::StatusOr<std::vector<OffsetAnswer>>> ListOffsetsOf(std::shared_ptr<kafka::Connection> connection,
                                                                         std::vector<Stream*> streams,
                                                                         OffsetsQuery query) {
  kafka::ListOffsetsRequest request = ToRequest(streams, query);
  absl::StatusOr<kafka::ListOffsetsResponse> response = co_await connection->Call(request, kListOffsetsTimeout);
  if (!response.ok()) co_return response.status();
  std::map<std::pair<std::string, int32_t>, OffsetAnswer> answers;
  for (const kafka::ListOffsetsResponse::Topic& topic : response->topics) {
    for (const kafka::ListOffsetsResponse::Partition& partition : topic.partitions) {
      answers[{topic.name, partition.partition}] = {partition.error_code, partition.offset};
    }
  }
  std::vector<OffsetAnswer> result;
  result.reserve(streams.size());
  for (const Stream* stream : streams)
    result.push_back(answers[{TopicOf(*stream, query.side), stream->assignment.partition}]);
  co_return result;
}

}  // namespace replicator
