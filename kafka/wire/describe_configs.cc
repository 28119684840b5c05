#include "kafka/wire/describe_configs.h"

namespace replicator::kafka {
namespace {

constexpr size_t kResourceBytesMin = 2 + 2 + 1 + 2 + 4;
constexpr size_t kConfigBytesMin = 2 + 2 + 1 + 1 + 1 + 4;
constexpr size_t kSynonymBytesMin = 2 + 2 + 1;

ConfigSource ToSource(int8_t value) {
  const bool known =
      value >= static_cast<int8_t>(ConfigSource::kTopic) && value <= static_cast<int8_t>(ConfigSource::kDefault);
  return known ? static_cast<ConfigSource>(value) : ConfigSource::kUnknown;
}

DescribeConfigsResponse::Config ReadConfig(Reader& reader) {
  DescribeConfigsResponse::Config config;
  config.name = std::string(reader.ReadString());
  config.value = OwnedString(reader.ReadNullableString());
  config.read_only = reader.ReadBool();
  config.source = ToSource(reader.ReadInt8());
  config.is_sensitive = reader.ReadBool();
  // Never asked for, so the list is empty; read all the same, to stay in step with whatever comes.
  const size_t synonym_count = reader.ReadArrayLength(kSynonymBytesMin);
  for (size_t i = 0; i < synonym_count && reader.ok(); ++i) {
    reader.ReadString();
    reader.ReadNullableString();
    reader.ReadInt8();
  }
  return config;
}

DescribeConfigsResponse::Resource ReadResource(Reader& reader) {
  DescribeConfigsResponse::Resource resource;
  resource.error_code = reader.ReadInt16();
  resource.error_message = OwnedString(reader.ReadNullableString());
  const int8_t type = reader.ReadInt8();
  if (type == static_cast<int8_t>(ConfigResourceType::kBroker)) {
    resource.type = ConfigResourceType::kBroker;
  } else if (type != static_cast<int8_t>(ConfigResourceType::kTopic)) {
    reader.Fail("type of a config resource that was not asked for");
  }
  resource.name = std::string(reader.ReadString());
  const size_t config_count = reader.ReadArrayLength(kConfigBytesMin);
  resource.configs.reserve(config_count);
  for (size_t i = 0; i < config_count && reader.ok(); ++i) resource.configs.push_back(ReadConfig(reader));
  return resource;
}

}  // namespace

void DescribeConfigsRequest::Write(Writer& writer, int16_t) const {
  writer.WriteArrayLength(resources.size());
  for (const Resource& resource : resources) {
    writer.WriteInt8(static_cast<int8_t>(resource.type));
    writer.WriteString(resource.name);
    if (resource.keys.has_value()) {
      writer.WriteArrayLength(resource.keys->size());
      for (const std::string& key : *resource.keys) writer.WriteString(key);
    } else {
      writer.WriteNullArray();
    }
  }
  writer.WriteBool(false);  // include_synonyms
}

absl::StatusOr<DescribeConfigsResponse> DescribeConfigsResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = DescribeConfigsRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  DescribeConfigsResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  const size_t resource_count = reader.ReadArrayLength(kResourceBytesMin);
  response.resources.reserve(resource_count);
  for (size_t i = 0; i < resource_count && reader.ok(); ++i) response.resources.push_back(ReadResource(reader));
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
