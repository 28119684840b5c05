#include "replicator/copy/fetch_room.h"

#include <gtest/gtest.h>

namespace replicator {
namespace {

constexpr size_t kMiB = 1 << 20;

TEST(FetchRoom, WhatIsReservedFitsIntoTheBudgetHoweverManyPartitionsThereAre) {
  for (size_t budget : {2 * kMiB, 8 * kMiB, 64 * kMiB}) {
    for (size_t partitions : {100, 4'092, 4'093, 10'000, 200'000}) {
      const FetchRoom room = RoomFor(partitions, budget / 2, budget);
      EXPECT_LE(room.reserved_bytes, budget) << partitions;
      EXPECT_GE(room.reserved_bytes, room.records_bytes_max) << partitions;
      EXPECT_GE(room.records_bytes_max, budget / 2) << partitions << ": as much is read at once as with few";
    }
  }
}

TEST(FetchRoom, EachPartitionOfAUsualSessionHasItsRoomBesidesTheRecords) {
  const FetchRoom room = RoomFor(1000, kMiB, 64 * kMiB);
  EXPECT_EQ(room.records_bytes_max, kMiB);
  EXPECT_EQ(room.reserved_bytes, kMiB + 1024 + 1000 * 256);
}

TEST(FetchRoom, FewPartitionsTakeNoMoreThanTheyCanFill) {
  EXPECT_LT(RoomFor(1, 32 * kMiB, 64 * kMiB).records_bytes_max, 32 * kMiB);
  EXPECT_GE(RoomFor(1, 1, 64 * kMiB).records_bytes_max, size_t{64} << 10) << "a capped link asks for enough, too";
}

}  // namespace
}  // namespace replicator
