#include "kafka/net/arena.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace replicator::kafka {
namespace {

constexpr size_t kGrain = Arena::kGrainBytes;

TEST(Arena, TheLowestFreeRangeIsTakenFirst) {
  Arena arena(10 * kGrain);
  char* const first = arena.Take(2 * kGrain);
  char* const second = arena.Take(kGrain);
  char* const third = arena.Take(kGrain);
  EXPECT_EQ(second, first + 2 * kGrain);
  EXPECT_EQ(third, second + kGrain);
  arena.Give(first, 2 * kGrain);
  EXPECT_EQ(arena.Take(kGrain), first);
  EXPECT_EQ(arena.Take(kGrain), first + kGrain);
  for (int i = 0; i < 4; ++i) arena.Give(first + i * kGrain, kGrain);
}

TEST(Arena, NeighboursAreJoinedWhateverTheOrderOfTheirReturn) {
  Arena arena(3 * kGrain);
  for (const auto& order : {std::array{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    char* const base = arena.Take(kGrain);
    ASSERT_NE(base, nullptr);
    ASSERT_NE(arena.Take(kGrain), nullptr);
    ASSERT_NE(arena.Take(kGrain), nullptr);
    EXPECT_EQ(arena.Take(1), nullptr) << "full";
    for (int i : order) arena.Give(base + i * kGrain, kGrain);
    char* const whole = arena.Take(3 * kGrain);
    EXPECT_EQ(whole, base);
    arena.Give(whole, 3 * kGrain);
  }
}

TEST(Arena, SizesAreRoundedUpToWholeGrains) {
  Arena arena(2 * kGrain - 1);
  char* const first = arena.Take(1);
  char* const second = arena.Take(kGrain);
  EXPECT_EQ(second, first + kGrain);
  EXPECT_EQ(arena.Take(1), nullptr);
  arena.Give(first, 1);
  arena.Give(second, kGrain);
}

TEST(Arena, MemoryIsKeptUntilItIsReleased) {
  Arena arena(8 * kGrain);
  char* const low = arena.Take(kGrain);
  char* const high = arena.Take(3 * kGrain);
  std::memset(high, 7, 3 * kGrain);
  EXPECT_EQ(arena.held(), 4 * kGrain);
  arena.Give(high, 3 * kGrain);
  EXPECT_EQ(arena.held(), 4 * kGrain);
  arena.ReleaseFree();
  EXPECT_EQ(arena.held(), kGrain);
  char* const again = arena.Take(3 * kGrain);
  EXPECT_EQ(again, high);
  EXPECT_EQ(again[0], 0) << "a new page";
  arena.Give(again, 3 * kGrain);
  arena.Give(low, kGrain);
}

TEST(ArenaDeathTest, ABlockThatOutlivesItsArenaIsABug) {
  EXPECT_DEATH(
      {
        Arena arena(kGrain);
        arena.Take(1);
      },
      "outlive");
}

TEST(ArenaDeathTest, GivingABlockBackTwiceIsABug) {
  Arena arena(4 * kGrain);
  char* const block = arena.Take(2 * kGrain);
  arena.Give(block, 2 * kGrain);
  EXPECT_DEATH(arena.Give(block + kGrain, kGrain), "twice");
}

}  // namespace
}  // namespace replicator::kafka
