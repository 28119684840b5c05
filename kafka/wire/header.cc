#include "kafka/wire/header.h"

#include <glog/logging.h>

#include "kafka/wire/big_endian.h"

namespace replicator::kafka {

void WriteRequestHeader(const ApiSpec& api, int16_t version, int32_t correlation_id, std::string_view client_id,
                        std::string* frame) {
  DCHECK(api.Speaks(version)) << api.name << " v" << version;
  DCHECK(frame->empty());
  Writer classic(frame, Encoding::kClassic);
  classic.WriteInt32(0);
  classic.WriteInt16(static_cast<int16_t>(api.key));
  classic.WriteInt16(version);
  classic.WriteInt32(correlation_id);
  // Only a label in the broker's logs, metrics and quotas: cut, rather than fail every request for it.
  classic.WriteString(client_id.substr(0, kClassicStringBytesMax));
  Writer(frame, api.BodyEncoding(version)).WriteNoTaggedFields();
}

absl::Status FinishRequestFrame(const ApiSpec& api, bool ok, std::string* frame) {
  if (!ok) {
    return absl::InvalidArgumentError(
        absl::StrCat(api.name, " request: a name or value is longer than the protocol can express"));
  }
  const size_t body_bytes = frame->size() - kFrameSizeBytes;
  if (body_bytes > kRequestBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(api.name, " request of ", body_bytes, " bytes is over the limit of ", kRequestBytesMax));
  }
  StoreInt32(frame->data(), static_cast<int32_t>(body_bytes));
  return absl::OkStatus();
}

absl::StatusOr<int32_t> ReadCorrelationId(std::string_view frame) {
  if (frame.size() < kCorrelationIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("response frame of ", frame.size(), " bytes is too short for a correlation id"));
  }
  return LoadInt32(frame.data());
}

absl::StatusOr<std::string_view> ResponseBody(const ApiSpec& api, int16_t version, std::string_view frame) {
  Reader reader(frame, api.ResponseHeaderEncoding(version));
  reader.ReadInt32();
  reader.SkipTaggedFields();
  const size_t header_bytes = reader.position();
  reader.ReadRaw(static_cast<int64_t>(reader.remaining()));
  absl::Status read = reader.Finish(absl::StrCat("header of the ", api.ResponseName(version)));
  if (!read.ok()) return read;
  return frame.substr(header_bytes);
}

}  // namespace replicator::kafka
