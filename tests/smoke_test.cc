// Calls into every third-party library once: a machine that lacks one, or has another version of a pinned one, fails
// here first.
#include <gflags/gflags.h>
#include <glog/logging.h>
#include <google/protobuf/stubs/common.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <isa-l/crc.h>
#include <librdkafka/rdkafka.h>
#include <lz4.h>
#include <openssl/crypto.h>
#include <re2/re2.h>
#include <rocksdb/version.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <asio/io_context.hpp>
#include <asio/version.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"

TEST(Smoke, LibraryVersionsAreTheOnesWePin) { EXPECT_EQ(absl::StrCat(rd_kafka_version_str()), "2.8.0"); }

TEST(Smoke, EveryLibraryAnswers) {
  EXPECT_GT(LZ4_versionNumber(), 0);
  EXPECT_GT(ZSTD_versionNumber(), 0u);
  EXPECT_GT(snappy::MaxCompressedLength(1), 1u);
  EXPECT_STRNE(zlibVersion(), "");
  unsigned char byte[] = {'a'};
  EXPECT_NE(crc32_iscsi(byte, 1, 0), 0u);
  EXPECT_STRNE(OpenSSL_version(OPENSSL_VERSION), "");
  EXPECT_TRUE(RE2::FullMatch("a", "[a-z]"));
  EXPECT_NE(rocksdb::GetRocksVersionAsString(), "");
  EXPECT_NE(google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION), "");
  EXPECT_STRNE(gflags::ProgramInvocationShortName(), "");
  EXPECT_FALSE(google::IsGoogleLoggingInitialized());
  EXPECT_TRUE(httplib::Client("127.0.0.1", 1).is_valid());
  EXPECT_EQ(nlohmann::json::parse("[1]").size(), 1u);
  EXPECT_EQ(asio::io_context(1).poll(), 0u);
}
