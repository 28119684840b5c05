#include "replicator/base/ask_pace.h"

#include <gtest/gtest.h>

namespace replicator {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class AskPaceTest : public ::testing::Test {
 protected:
  // Asks as often as it may, for so long.
  int Questions(AskPace::Clock::duration lasts) {
    int questions = 0;
    for (const auto end = now_ + lasts; now_ < end; now_ += milliseconds(50)) {
      if (now_ < pace_.next()) continue;
      pace_.OnAsked(now_);
      ++questions;
    }
    return questions;
  }

  AskPace pace_{milliseconds(250), seconds(5)};
  AskPace::Clock::time_point now_ = AskPace::Clock::time_point() + minutes(1);
};

TEST_F(AskPaceTest, TheLongerNothingChangesTheSeldomerItAsks) {
  EXPECT_EQ(Questions(seconds(1)), 4);
  EXPECT_LE(Questions(seconds(9)), 12);
  Questions(minutes(1));
  EXPECT_EQ(Questions(minutes(1)), 12);
}

TEST_F(AskPaceTest, AChangeMakesItQuickAgain) {
  Questions(minutes(1));
  pace_.OnChange();
  EXPECT_EQ(Questions(seconds(1)), 4);
}

TEST_F(AskPaceTest, WhatNobodyWantedToKnowForLongBeginsAnew) {
  Questions(minutes(1));
  now_ += seconds(11);
  EXPECT_EQ(Questions(seconds(1)), 4);
}

}  // namespace
}  // namespace replicator
