// What the tests of frames share: encoding a request, reading a golden response, and damaging one.
#ifndef REPLICATOR_KAFKA_WIRE_FRAME_TESTING_H_
#define REPLICATOR_KAFKA_WIRE_FRAME_TESTING_H_

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "kafka/wire/header.h"

namespace replicator::kafka {

// As GoldenFrames.java has them.
inline constexpr int32_t kGoldenCorrelationId = 0x01020304;
inline constexpr std::string_view kGoldenClientId = "golden";
inline constexpr Uuid kGoldenTopicId = {0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                                        0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28};

template <typename Request>
std::string Hex(const Request& request, int16_t version) {
  const absl::StatusOr<std::string> frame = EncodeRequest(request, version, kGoldenCorrelationId, kGoldenClientId);
  EXPECT_TRUE(frame.ok()) << frame.status();
  return frame.ok() ? absl::BytesToHexString(*frame) : "";
}

template <typename Response>
absl::StatusOr<Response> ReadFrame(const ApiSpec& api, int16_t version, std::string_view frame) {
  const absl::StatusOr<int32_t> correlation_id = ReadCorrelationId(frame);
  if (!correlation_id.ok()) return correlation_id.status();
  const absl::StatusOr<std::string_view> body = ResponseBody(api, version, frame);
  if (!body.ok()) return body.status();
  return Response::Read(*body, version);
}

// The golden frame must outlive what is read from it.
template <typename Response>
Response ReadGolden(const ApiSpec& api, int16_t version, const std::string& frame) {
  EXPECT_EQ(ReadCorrelationId(frame).value_or(0), kGoldenCorrelationId);
  absl::StatusOr<Response> response = ReadFrame<Response>(api, version, frame);
  EXPECT_TRUE(response.ok()) << response.status();
  return std::move(response).value_or(Response());
}

struct DamageCase {
  std::string_view hex;
  std::function<absl::Status(std::string_view frame)> read;
};

template <typename Response>
DamageCase Damage(const ApiSpec& api, int16_t version, std::string_view hex) {
  return {hex, [api, version](std::string_view frame) { return ReadFrame<Response>(api, version, frame).status(); }};
}

inline void ExpectEveryTruncationIsAnError(const std::vector<DamageCase>& cases) {
  for (const DamageCase& damage : cases) {
    const std::string frame = absl::HexStringToBytes(damage.hex);
    EXPECT_TRUE(damage.read(frame).ok()) << damage.hex;
    for (size_t size = 0; size < frame.size(); ++size) {
      const std::string cut(frame, 0, size);  // A copy of its own, so that sanitizers see its end.
      EXPECT_EQ(damage.read(cut).code(), absl::StatusCode::kInvalidArgument) << damage.hex << " cut to " << size;
    }
    EXPECT_EQ(damage.read(frame + '\0').code(), absl::StatusCode::kInvalidArgument) << damage.hex;
  }
}

inline void ExpectRandomBytesNeverCrash(const std::vector<DamageCase>& cases) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20000; ++round) {
    std::string garbage(random() % 200, '\0');
    // Small values more often than large ones, so that counts and lengths look plausible.
    for (char& byte : garbage) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    const absl::Status status = cases[random() % cases.size()].read(garbage);
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInvalidArgument) << status;
  }
}

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_FRAME_TESTING_H_
