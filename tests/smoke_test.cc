// Links every third-party library once: a machine that lacks one fails here first.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "absl/strings/str_cat.h"

TEST(Smoke, LibraryVersionsAreTheOnesWePin) { EXPECT_EQ(absl::StrCat(rd_kafka_version_str()), "2.8.0"); }
