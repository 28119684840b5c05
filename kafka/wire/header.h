// What stands before each message on the wire: which APIs we speak in which versions, request and
// response headers, and the framing of whole requests.
//
//   request frame   int32 size | int16 api | int16 version | int32 correlation id | client id [| tags] | body
//   response frame  int32 size | int32 correlation id [| tags] | body
//
// The connection cuts a response stream into frames by the size and matches correlation ids; it hands
// the rest of a frame to ResponseBody() and that to the Read() of the API. No state, any thread.
#ifndef REPLICATOR_KAFKA_WIRE_HEADER_H_
#define REPLICATOR_KAFKA_WIRE_HEADER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

enum class ApiKey : int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kOffsetCommit = 8,
  kOffsetFetch = 9,
  kFindCoordinator = 10,
  kJoinGroup = 11,
  kHeartbeat = 12,
  kLeaveGroup = 13,
  kSyncGroup = 14,
  kDescribeGroups = 15,
  kListGroups = 16,
  kApiVersions = 18,
  kCreateTopics = 19,
  kInitProducerId = 22,
  kOffsetForLeaderEpoch = 23,
  kAddPartitionsToTxn = 24,
  kEndTxn = 26,
  kDescribeConfigs = 32,
  kCreatePartitions = 37,
  kDescribeProducers = 61,
  kConsumerGroupDescribe = 69,
};

// A set of versions below 32, one bit for each.
class VersionSet {
 public:
  constexpr VersionSet(std::initializer_list<int> versions) {
    for (int version : versions) bits_ |= uint32_t{1} << version;
  }
  constexpr bool Has(int16_t version) const { return version >= 0 && version < 32 && ((bits_ >> version) & 1) != 0; }
  constexpr int16_t highest() const { return static_cast<int16_t>(std::bit_width(bits_) - 1); }

 private:
  uint32_t bits_ = 0;
};

// One API and the versions of it that this client speaks: as few as serve all brokers that it can meet. README.md here
// gives the reasons.
struct ApiSpec {
  ApiKey key;
  const char* name;
  VersionSet versions;
  // First version with compact lengths and tagged fields (KIP-482), by the schema.
  int16_t version_flexible;

  constexpr bool Speaks(int16_t version) const { return versions.Has(version); }
  constexpr Encoding BodyEncoding(int16_t version) const {
    return version >= version_flexible ? Encoding::kFlexible : Encoding::kClassic;
  }
  // ApiVersions answers keep the old header for ever, since the client cannot know yet what the broker
  // understands (KIP-511).
  constexpr Encoding ResponseHeaderEncoding(int16_t version) const {
    return key == ApiKey::kApiVersions ? Encoding::kClassic : BodyEncoding(version);
  }
  // "Fetch v13 response", for error texts.
  std::string ResponseName(int16_t version) const { return absl::StrCat(name, " v", version, " response"); }
};

// Bytes of the size field before each frame, and of the correlation id that begins each response frame.
inline constexpr size_t kFrameSizeBytes = 4;
inline constexpr size_t kCorrelationIdBytes = 4;

// The largest request a broker takes by default (broker config socket.request.max.bytes); we send none larger.
inline constexpr size_t kRequestBytesMax = 100u << 20;

// Appends the size placeholder (four zero bytes) and the request header. The client id keeps the classic
// encoding in flexible headers too (RequestHeader.json).
void WriteRequestHeader(const ApiSpec& api, int16_t version, int32_t correlation_id, std::string_view client_id,
                        std::string* frame);

// Sets the size field at the begin of `frame` to the bytes that follow it. InvalidArgument if `ok` is
// false (a Writer could not express a value) or the frame is larger than kRequestBytesMax.
absl::Status FinishRequestFrame(const ApiSpec& api, bool ok, std::string* frame);

// The whole frame of a request, ready to send. Request is one of the structs of this folder.
// InvalidArgument if a string in it is longer than the protocol can express.
template <typename Request>
absl::StatusOr<std::string> EncodeRequest(const Request& request, int16_t version, int32_t correlation_id,
                                          std::string_view client_id) {
  std::string frame;
  WriteRequestHeader(Request::kApi, version, correlation_id, client_id, &frame);
  Writer writer(&frame, Request::kApi.BodyEncoding(version));
  request.Write(writer, version);
  absl::Status finished = FinishRequestFrame(Request::kApi, writer.ok(), &frame);
  if (!finished.ok()) return finished;
  return frame;
}

// The correlation id of a response. `frame`: without its size field. InvalidArgument if too short.
absl::StatusOr<int32_t> ReadCorrelationId(std::string_view frame);

// The body of a response: `frame` (without its size field) behind the response header. A view into it.
absl::StatusOr<std::string_view> ResponseBody(const ApiSpec& api, int16_t version, std::string_view frame);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_HEADER_H_
