#include "kafka/wire/api_versions.h"

namespace replicator::kafka {

void ApiVersionsRequest::Write(Writer&, int16_t) const {
  // Version 0 has no fields.
}

absl::StatusOr<ApiVersionsResponse> ApiVersionsResponse::Read(std::string_view body, int16_t version) {
  constexpr size_t kRangeBytes = 6;
  const ApiSpec& api = ApiVersionsRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  ApiVersionsResponse response;
  response.error_code = reader.ReadInt16();
  response.apis.resize(reader.ReadArrayLength(kRangeBytes));
  for (Range& range : response.apis) {
    range.api_key = reader.ReadInt16();
    range.version_min = reader.ReadInt16();
    range.version_max = reader.ReadInt16();
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
