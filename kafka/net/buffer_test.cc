#include "kafka/net/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/types/span.h"

namespace replicator::kafka {
namespace {

constexpr size_t kMib = 1 << 20;

TEST(MemoryBudget, ReservationsStayWithinTheBound) {
  MemoryBudget budget(10);
  EXPECT_TRUE(budget.TryReserve(6));
  EXPECT_FALSE(budget.TryReserve(5));
  EXPECT_TRUE(budget.TryReserve(4));
  EXPECT_EQ(budget.used(), 10u);
  budget.Unreserve(6);
  EXPECT_TRUE(budget.TryReserve(5));
}

TEST(MemoryBudget, AReservationGrowsWithinTheBound) {
  MemoryBudget budget(10);
  ASSERT_TRUE(budget.TryReserve(3));
  ASSERT_TRUE(budget.TryReserve(3));
  EXPECT_TRUE(budget.TryGrow(3, 7));
  EXPECT_EQ(budget.used(), 10u);
  EXPECT_FALSE(budget.TryGrow(7, 8));
  EXPECT_EQ(budget.used(), 10u);
  EXPECT_TRUE(budget.TryGrow(7, 2)) << "what fits already needs nothing";
  EXPECT_EQ(budget.used(), 10u);
}

TEST(MemoryBudget, OneOversizedResponsePassesOnlyAlone) {
  MemoryBudget budget(10);
  ASSERT_TRUE(budget.TryReserve(5));
  ASSERT_TRUE(budget.TryReserve(1));
  EXPECT_FALSE(budget.TryGrow(5, 50));
  budget.Unreserve(1);
  EXPECT_TRUE(budget.TryGrow(5, 50));
  EXPECT_EQ(budget.used(), 50u);
  EXPECT_FALSE(budget.TryReserve(1)) << "nothing more while it is there";
  BufferRef buffer = budget.Allocate(50, 50);
  buffer = BufferRef();
  EXPECT_EQ(budget.used(), 0u);
}

TEST(MemoryBudget, WhoWaitsToGrowIsNotOvertaken) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.TryReserve(20));
  ASSERT_TRUE(budget.TryReserve(30));
  ASSERT_FALSE(budget.TryGrow(20, 150)) << "another reservation is there";
  {
    const MemoryBudget::GrowthWait waits(budget, 20);
    budget.Unreserve(30);
    EXPECT_FALSE(budget.TryReserve(30)) << "it would be kept from growing for ever";
    EXPECT_TRUE(budget.TryGrow(20, 150));
  }
  budget.Unreserve(150);
  EXPECT_TRUE(budget.TryReserve(30));
  budget.Unreserve(30);
}

TEST(MemoryBudget, TwoThatWaitToGrowDoNotWaitForEachOther) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.TryReserve(20));
  ASSERT_TRUE(budget.TryReserve(30));
  {
    const MemoryBudget::GrowthWait second(budget, 30);
    {
      const MemoryBudget::GrowthWait first(budget, 20);
      EXPECT_TRUE(budget.TryGrow(20, 150));
    }
    EXPECT_FALSE(budget.TryGrow(30, 150)) << "not beside the first one";
    budget.Unreserve(150);
    EXPECT_TRUE(budget.TryGrow(30, 150));
  }
  budget.Unreserve(150);
}

TEST(MemoryBudget, ABufferGivesBackWhatItsReservationHadTooMuch) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.TryReserve(80));
  const BufferRef buffer = budget.Allocate(30, 80);
  EXPECT_EQ(buffer->size(), 30u);
  EXPECT_EQ(budget.used(), 30u);
}

TEST(MemoryBudget, TheListenerHearsOfEveryReturn) {
  MemoryBudget budget(100);
  int heard = 0;
  budget.set_on_release([&heard] { ++heard; });
  ASSERT_TRUE(budget.TryReserve(60));
  BufferRef buffer = budget.Allocate(40, 60);
  EXPECT_EQ(heard, 1) << "the rest of the reservation";
  buffer = BufferRef();
  EXPECT_EQ(heard, 2) << "the buffer";
  budget.Unreserve(0);
  EXPECT_EQ(heard, 2) << "nothing came back";
}

TEST(MemoryBudget, TheLastReferenceGivesTheBufferBack) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.TryReserve(50));
  BufferRef buffer = budget.Allocate(50, 50);
  Slice first(buffer, absl::MakeSpan(buffer->data(), 10));
  Slice second = first;
  const Slice third = std::move(first);
  EXPECT_EQ(third.bytes().data(), buffer->data());
  buffer = BufferRef();
  EXPECT_EQ(budget.used(), 50u);
  second = Slice();
  EXPECT_EQ(budget.used(), 50u);
  {
    const Slice last = third;
    EXPECT_EQ(budget.used(), 50u);
  }
  EXPECT_EQ(budget.used(), 50u);
}

TEST(MemoryBudget, AFreedBlocksMemoryServesAgain) {
  MemoryBudget budget(4 * kMib);
  ASSERT_TRUE(budget.TryReserve(kMib));
  char* block;
  {
    const BufferRef buffer = budget.Allocate(kMib, kMib);
    block = buffer->data();
    std::memset(block, 7, kMib);
  }
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(budget.held(), kMib) << "kept for the next response";
  ASSERT_TRUE(budget.TryReserve(kMib));
  const BufferRef again = budget.Allocate(kMib - 100, kMib);
  EXPECT_EQ(again->data(), block);
  EXPECT_EQ(again->size(), kMib - 100);
  EXPECT_EQ(budget.held(), kMib);
}

TEST(MemoryBudget, BuffersOfAllSizesShareTheSameMemory) {
  MemoryBudget budget(8 * kMib);
  for (size_t size : {4 * kMib, kMib, 3 * kMib, 2 * kMib, 4 * kMib}) {
    ASSERT_TRUE(budget.TryReserve(size));
    const BufferRef buffer = budget.Allocate(size, size);
    std::memset(buffer->data(), 7, size);
  }
  EXPECT_EQ(budget.held(), 4 * kMib);
}

// As when one is being sent and the next one comes, whatever their sizes.
TEST(MemoryBudget, ABufferOfHalfTheBoundFitsBesideAnyOther) {
  MemoryBudget budget(8 * kMib);
  BufferRef before;
  const char* lowest = nullptr;
  const char* end = nullptr;
  for (size_t i = 0; i < 1000; ++i) {
    const size_t size = 4 * kMib - i * 7919 % (kMib / 2);
    ASSERT_TRUE(budget.TryReserve(size));
    BufferRef next = budget.Allocate(size, size);
    lowest = lowest == nullptr ? next->data() : std::min<const char*>(lowest, next->data());
    end = std::max<const char*>(end, next->data() + size);
    before = std::move(next);
  }
  EXPECT_LE(end - lowest, static_cast<ptrdiff_t>(12 * kMib)) << "one had a mapping of its own";
}

// The free space is enough, but in pieces.
TEST(MemoryBudget, ABufferThatFitsNowhereGetsAMappingOfItsOwn) {
  MemoryBudget budget(8 * kMib);
  BufferRef buffers[8];
  for (BufferRef& buffer : buffers) {
    ASSERT_TRUE(budget.TryReserve(kMib));
    buffer = budget.Allocate(kMib, kMib);
  }
  for (int i : {0, 1, 3, 4, 6}) buffers[i] = BufferRef();
  ASSERT_TRUE(budget.TryReserve(5 * kMib));
  BufferRef large = budget.Allocate(5 * kMib, 5 * kMib);
  std::memset(large->data(), 7, 5 * kMib);
  EXPECT_EQ(budget.used(), 8 * kMib);
  EXPECT_EQ(budget.held(), 13 * kMib);
  large = BufferRef();
  EXPECT_EQ(budget.held(), 8 * kMib) << "its mapping went back to the system";
}

TEST(MemoryBudget, AnOversizedBlockIsNotKept) {
  MemoryBudget budget(kMib);
  ASSERT_TRUE(budget.TryReserve(kMib));
  ASSERT_TRUE(budget.TryGrow(kMib, 8 * kMib));
  budget.Allocate(8 * kMib, 8 * kMib);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(budget.held(), 0u);
}

TEST(Slice, CopyingOutIsCounted) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.TryReserve(5));
  const BufferRef buffer = budget.Allocate(5, 5);
  std::memcpy(buffer->data(), "bytes", 5);
  const int64_t before = PayloadBytesCopied();
  const Slice slice(buffer, absl::MakeSpan(buffer->data() + 1, 3));
  const Slice shared = slice;
  EXPECT_EQ(PayloadBytesCopied(), before) << "sharing copies nothing";
  EXPECT_EQ(shared.CopyOut(), "yte");
  EXPECT_EQ(PayloadBytesCopied(), before + 3);
}

TEST(MemoryBudgetDeathTest, ABufferThatOutlivesItsBudgetIsABug) {
  EXPECT_DEATH(
      {
        auto* budget = new MemoryBudget(100);
        budget->TryReserve(10);
        auto* leaked = new BufferRef(budget->Allocate(10, 10));
        (void)leaked;
        delete budget;
      },
      "outlive");
}

}  // namespace
}  // namespace replicator::kafka
