#include "replicator/base/eta.h"

#include <gtest/gtest.h>

#include <cmath>

namespace replicator {
namespace {

TEST(EtaTest, IsNetOfWhatProducersWrite) {
  EXPECT_EQ(EtaSeconds(0, 100, -100), 0);
  EXPECT_EQ(EtaSeconds(10'000, 600, 400), 25);
  EXPECT_EQ(EtaSeconds(10'000, 0, 400), 25);
}

// At 6,000 records per second a few hundred are always on their way, and the rates differ by them.
TEST(EtaTest, ACopyThatKeepsUpNeverSaysNever) {
  for (int64_t lag = 1; lag <= 3'000; lag += 50) {
    for (double net = -300; net <= 300; net += 25) EXPECT_EQ(EtaSeconds(lag, 6'000, net), 0) << lag << " " << net;
  }
}

TEST(EtaTest, NeverIsForALagThatGrows) {
  EXPECT_TRUE(std::isinf(*EtaSeconds(60'000, 6'000, -1'000)));
  EXPECT_EQ(EtaSeconds(60'000, 6'000, -100), std::nullopt) << "as fast, as far as can be told";
  EXPECT_EQ(EtaSeconds(60'000, 0, 0), std::nullopt) << "it stands; nobody writes faster";
  EXPECT_EQ(EtaSeconds(60'000, 0, 1e-15), std::nullopt) << "it stands for long, and the average forgets what it did";
}

}  // namespace
}  // namespace replicator
