#include "tests/cluster/proxy.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/fault.h"
#include "tests/cluster/frame_peers.h"

namespace replicator::tests {
namespace {

constexpr int16_t kProduce = 0;
constexpr int16_t kFetch = 1;
// How long a test watches that nothing comes where nothing may come.
constexpr absl::Duration kSilence = absl::Milliseconds(100);

class FaultProxyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<FaultProxy>> proxy = FaultProxy::Start();
    ASSERT_TRUE(proxy.ok()) << proxy.status();
    proxy_ = *std::move(proxy);
    ASSERT_TRUE(proxy_->SetUpstream("localhost", broker_.port()).ok());
    client_ = FrameSocket::Connect(proxy_->port());
  }

  // Sends a request and reads its whole answer.
  void ExpectEcho(FrameSocket& socket, int16_t api_key, int32_t correlation_id, absl::string_view payload = "payload") {
    ASSERT_TRUE(socket.Write(RequestFrame(api_key, correlation_id, payload)));
    const std::optional<std::string> answer = socket.ReadFrame();
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(*answer == EchoOf(correlation_id, payload))
        << "correlation id " << Int32At(*answer, 0) << ", " << answer->size() << " bytes";
  }

  RuleId Arm(int16_t api_key, Fault fault, int64_t skip = 0) {
    FaultRule rule;
    rule.api_key = api_key;
    rule.skip = skip;
    rule.fault = std::move(fault);
    return proxy_->Arm(rule);
  }

  bool WaitForHits(RuleId rule_id, int64_t hits) { return proxy_->WaitForHits(rule_id, hits, Deadline()); }

  EchoBroker broker_;
  std::unique_ptr<FaultProxy> proxy_;
  std::unique_ptr<FrameSocket> client_;
};

TEST_F(FaultProxyTest, WithoutRulesPassesEverythingUnchanged) {
  ExpectEcho(*client_, kProduce, 1);
  ExpectEcho(*client_, kFetch, 2, "");
  ExpectEcho(*client_, kFetch, 3, std::string(20 << 20, 'x'));
  EXPECT_EQ(broker_.seen(), (std::vector<int32_t>{1, 2, 3}));
}

TEST_F(FaultProxyTest, CountsForwardedFramesByApiKey) {
  FaultRule every{.api_key = kAnyApi, .times = 3, .fault = Fault::Pass()};
  const RuleId all = proxy_->Arm(every);
  ExpectEcho(*client_, kProduce, 1);
  ExpectEcho(*client_, kFetch, 2);
  ExpectEcho(*client_, kFetch, 3);
  ASSERT_TRUE(WaitForHits(all, 3));
  EXPECT_EQ(proxy_->RequestsForwarded(kProduce), 1);
  EXPECT_EQ(proxy_->RequestsForwarded(kFetch), 2);
  EXPECT_EQ(proxy_->ResponsesForwarded(kFetch), 2);
  EXPECT_EQ(proxy_->ResponsesForwarded(kAnyApi), 3);
  EXPECT_EQ(proxy_->ConnectionsAccepted(), 1);
}

TEST_F(FaultProxyTest, PipelinedRequestsKeepTheirOrder) {
  std::string requests;
  for (int32_t id = 0; id < 500; ++id) {
    requests += RequestFrame(id % 2, id, std::string(id * 7, 'p'));
  }
  std::thread writer([&] { EXPECT_TRUE(client_->Write(requests)); });
  for (int32_t id = 0; id < 500; ++id) {
    const std::optional<std::string> answer = client_->ReadFrame();
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(Int32At(*answer, 0), id);
  }
  writer.join();
}

TEST_F(FaultProxyTest, SwallowedResponseWasAnsweredByTheBroker) {
  const RuleId rule = Arm(kProduce, Fault::SwallowResponse());
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 1, "lost")));
  ASSERT_TRUE(WaitForHits(rule, 1));
  EXPECT_EQ(broker_.seen(), (std::vector<int32_t>{1}));
  ExpectEcho(*client_, kProduce, 2);  // The next bytes are the next answer's.
  EXPECT_EQ(proxy_->Hits(rule), 1);
  EXPECT_EQ(proxy_->RequestsForwarded(kProduce), 2);
  EXPECT_LE(proxy_->ResponsesForwarded(kProduce), 1);  // The second one may still be being counted.
}

TEST_F(FaultProxyTest, SwallowThenCutEndsTheConnectionAfterTheAnswer) {
  const RuleId rule = Arm(kProduce, Fault::SwallowResponseThenCut());
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 1, "lost")));
  EXPECT_TRUE(client_->AtEnd());
  EXPECT_TRUE(WaitForHits(rule, 1));
  EXPECT_EQ(broker_.seen(), (std::vector<int32_t>{1}));
}

TEST_F(FaultProxyTest, CutBeforeForwardKeepsTheRequestFromTheBroker) {
  const RuleId rule = Arm(kProduce, Fault::CutBeforeForward(), 1);
  ExpectEcho(*client_, kProduce, 1);
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 2, "lost")));
  EXPECT_TRUE(client_->AtEnd());
  ASSERT_TRUE(WaitForHits(rule, 1));
  ASSERT_TRUE(broker_.WaitForEnded(1));
  EXPECT_EQ(broker_.seen(), (std::vector<int32_t>{1}));
}

TEST_F(FaultProxyTest, CutAfterForwardStillReachesTheBroker) {
  const RuleId rule = Arm(kProduce, Fault::CutAfterForward());
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 1, std::string(1 << 20, 'x'))));
  EXPECT_TRUE(client_->AtEnd());
  ASSERT_TRUE(WaitForHits(rule, 1));
  EXPECT_TRUE(broker_.WaitForSeen(1));
  EXPECT_TRUE(broker_.WaitForEnded(1));
}

TEST_F(FaultProxyTest, CutAfterForwardReachesABrokerThatIsStillWriting) {
  // The answer to 1 is larger than the sockets' buffers, so the broker reads 2 only once someone reads that answer.
  const RuleId delayed = Arm(kFetch, Fault::DelayResponse(absl::Minutes(30)));
  Arm(kProduce, Fault::CutAfterForward());
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 1, std::string(20 << 20, 'x'))));
  ASSERT_TRUE(WaitForHits(delayed, 1));
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 2, "")));
  EXPECT_TRUE(client_->AtEnd());
  EXPECT_TRUE(broker_.WaitForSeen(2));
}

TEST_F(FaultProxyTest, LateForwardReachesTheBrokerAfterTheClientWasCut) {
  const RuleId rule = Arm(kProduce, Fault::CutThenForwardLate(absl::Milliseconds(200)));
  const absl::Time sent = absl::Now();
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 1, std::string(1 << 20, 'x'))));
  EXPECT_TRUE(client_->AtEnd());
  ASSERT_TRUE(broker_.WaitForSeen(1));
  EXPECT_GE(absl::Now() - sent, absl::Milliseconds(200));
  EXPECT_TRUE(WaitForHits(rule, 1));
  EXPECT_TRUE(broker_.WaitForEnded(1));
}

TEST_F(FaultProxyTest, DelayedResponseComesLateAndKeepsTheOrder) {
  const RuleId rule = Arm(kFetch, Fault::DelayResponse(absl::Milliseconds(200)));
  const absl::Time sent = absl::Now();
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 1, "a") + RequestFrame(kProduce, 2, "b")));
  ASSERT_TRUE(WaitForHits(rule, 1));
  EXPECT_EQ(client_->ReadFrame(), EchoOf(1, "a"));
  EXPECT_GE(absl::Now() - sent, absl::Milliseconds(200));
  EXPECT_EQ(client_->ReadFrame(), EchoOf(2, "b"));
}

TEST_F(FaultProxyTest, TruncatedResponseEndsAfterItsFirstBytes) {
  const RuleId rule = Arm(kFetch, Fault::TruncateResponse(300'001));
  const std::string payload(1 << 20, 'x');
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 1, payload)));
  const std::string whole = EchoOf(1, payload);
  const std::string got = client_->Read(4 + whole.size());
  ASSERT_EQ(got.size(), 300'001u);
  EXPECT_EQ(Int32At(got, 0), static_cast<int32_t>(whole.size()));
  EXPECT_TRUE(got.substr(4) == whole.substr(0, 300'001 - 4));
  EXPECT_TRUE(client_->AtEnd());
  EXPECT_TRUE(WaitForHits(rule, 1));
}

TEST_F(FaultProxyTest, GarbledLengthChangesOnlyTheLength) {
  int32_t id = 0;
  for (const int32_t length : {-1, 0, 3, 0x7fffffff}) {
    ++id;
    const RuleId rule = Arm(kFetch, Fault::GarbleLength(length));
    ASSERT_TRUE(client_->Write(RequestFrame(kFetch, id, "payload")));
    const std::string body = EchoOf(id, "payload");
    const std::string got = client_->Read(4 + body.size());
    ASSERT_EQ(got.size(), 4 + body.size());
    EXPECT_EQ(Int32At(got, 0), length);
    EXPECT_EQ(got.substr(4), body);
    EXPECT_TRUE(WaitForHits(rule, 1));
  }
}

TEST_F(FaultProxyTest, OverwrittenBytesStandAtTheirOffset) {
  Arm(kFetch, Fault::OverwriteBody(4, "XY"));
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 1, "payload")));
  EXPECT_EQ(client_->ReadFrame(), EchoOf(1, "payload").replace(4, 2, "XY"));

  Arm(kFetch, Fault::OverwriteBody(-3, "0123"));  // The last byte has no place.
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 2, "payload")));
  EXPECT_EQ(client_->ReadFrame(), EchoOf(2, "payl012"));
}

TEST_F(FaultProxyTest, FlippedBytesDifferAcrossChunks) {
  const std::string payload(4 << 20, 'x');
  const std::string whole = EchoOf(1, payload);
  const std::string mask(1 << 20, '\x01');
  Arm(kFetch, Fault::FlipBody(1'000'000, mask));
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 1, payload)));
  const std::optional<std::string> got = client_->ReadFrame();
  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(*got == std::string(whole).replace(1'000'000, mask.size(), mask.size(), 'x' ^ 1));
}

TEST_F(FaultProxyTest, RuleSkipsAndCountsFromItsArming) {
  ExpectEcho(*client_, kProduce, 1);
  FaultRule rule{.api_key = kProduce, .skip = 1, .times = 2, .fault = Fault::SwallowResponse()};
  const RuleId id = proxy_->Arm(rule);
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 2, "") + RequestFrame(kProduce, 3, "") +
                             RequestFrame(kProduce, 4, "") + RequestFrame(kProduce, 5, "") +
                             RequestFrame(kProduce, 6, "")));
  for (const int32_t expected : {2, 3, 6}) {
    const std::optional<std::string> answer = client_->ReadFrame();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(Int32At(*answer, 0), expected);
  }
  EXPECT_EQ(proxy_->Hits(id), 2);
}

TEST_F(FaultProxyTest, RuleCanCountFromTheProxysStart) {
  ExpectEcho(*client_, kProduce, 1);
  ExpectEcho(*client_, kProduce, 2);
  FaultRule rule{
      .api_key = kProduce, .skip = 3, .origin = FaultRule::Origin::kProxyStart, .fault = Fault::CutBeforeForward()};
  const RuleId id = proxy_->Arm(rule);
  ExpectEcho(*client_, kProduce, 3);
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 4, "")));
  EXPECT_TRUE(client_->AtEnd());
  EXPECT_TRUE(WaitForHits(id, 1));
}

TEST_F(FaultProxyTest, RuleForOneClientLeavesOthersAlone) {
  FaultRule rule{.client_id_prefix = "replicator", .fault = Fault::SwallowResponse()};
  const RuleId id = proxy_->Arm(rule);
  ExpectEcho(*client_, kFetch, 1);
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 2, "", "replicator-0")));
  ASSERT_TRUE(WaitForHits(id, 1));
  ExpectEcho(*client_, kFetch, 3);
}

TEST_F(FaultProxyTest, FirstArmedRuleTakesTheRequestAndTheNextOneTheNext) {
  const RuleId first = Arm(kFetch, Fault::SwallowResponse());
  const RuleId second = Arm(kFetch, Fault::SwallowResponse());
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 1, "")));
  ASSERT_TRUE(WaitForHits(first, 1));
  EXPECT_EQ(proxy_->Hits(second), 0);
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 2, "")));
  ASSERT_TRUE(WaitForHits(second, 1));
  ExpectEcho(*client_, kFetch, 3);
}

TEST_F(FaultProxyTest, RemovedRuleStrikesNoMore) {
  FaultRule rule{.api_key = kProduce, .times = 100, .fault = Fault::SwallowResponse()};
  const RuleId id = proxy_->Arm(rule);
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 1, "")));
  ASSERT_TRUE(WaitForHits(id, 1));
  proxy_->Remove(id);
  ExpectEcho(*client_, kProduce, 2);
  EXPECT_EQ(proxy_->Hits(id), 1);
}

TEST_F(FaultProxyTest, WaitForHitsGivesUpAtItsDeadline) {
  const RuleId rule = Arm(kProduce, Fault::SwallowResponse());
  EXPECT_FALSE(proxy_->WaitForHits(rule, 1, absl::Now() + absl::Milliseconds(20)));
  EXPECT_FALSE(proxy_->WaitForHits(rule + 1, 1, absl::Now()));
}

TEST_F(FaultProxyTest, HeldProxyPassesNothingUntilReleased) {
  auto other = FrameSocket::Connect(proxy_->port());
  ExpectEcho(*client_, kProduce, 1);
  ExpectEcho(*other, kProduce, 2);
  proxy_->Hold();
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 3, "a")));
  ASSERT_TRUE(other->Write(RequestFrame(kProduce, 4, "b")));
  EXPECT_TRUE(client_->SilentFor(kSilence));
  EXPECT_TRUE(other->SilentFor(kSilence));
  EXPECT_EQ(broker_.seen(), (std::vector<int32_t>{1, 2}));
  proxy_->Release();
  EXPECT_EQ(client_->ReadFrame(), EchoOf(3, "a"));
  EXPECT_EQ(other->ReadFrame(), EchoOf(4, "b"));
}

TEST_F(FaultProxyTest, HeldProxyHoldsBackTheEndOfAConnection) {
  ExpectEcho(*client_, kProduce, 1);
  proxy_->Hold();
  // The answer to 2 is held, so the end that follows it must be too.
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 2, "")));
  client_->EndWriting();
  EXPECT_TRUE(client_->SilentFor(kSilence));
  proxy_->Release();
  EXPECT_EQ(client_->ReadFrame(), EchoOf(2, ""));
  EXPECT_TRUE(client_->AtEnd());
}

TEST_F(FaultProxyTest, CutAllEndsEveryConnectionEvenWhileHeld) {
  auto other = FrameSocket::Connect(proxy_->port());
  ExpectEcho(*client_, kProduce, 1);
  ExpectEcho(*other, kProduce, 2);
  proxy_->Hold();
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 3, "")));
  EXPECT_TRUE(client_->SilentFor(kSilence));
  proxy_->CutAll();
  EXPECT_TRUE(client_->AtEnd());
  EXPECT_TRUE(other->AtEnd());
  proxy_->Release();
  ASSERT_TRUE(broker_.WaitForEnded(2));
  EXPECT_EQ(broker_.seen(), (std::vector<int32_t>{1, 2}));
  auto again = FrameSocket::Connect(proxy_->port());
  ExpectEcho(*again, kProduce, 4);
}

TEST_F(FaultProxyTest, CutOfOneConnectionLeavesTheOtherAlone) {
  auto other = FrameSocket::Connect(proxy_->port());
  ExpectEcho(*other, kProduce, 1);
  const RuleId rule = Arm(kFetch, Fault::DelayResponse(absl::Minutes(30)));
  ASSERT_TRUE(client_->Write(RequestFrame(kFetch, 2, "")));
  ASSERT_TRUE(WaitForHits(rule, 1));
  ExpectEcho(*other, kFetch, 3);  // Not behind the delayed one.
  Arm(kProduce, Fault::CutBeforeForward());
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 4, "")));
  EXPECT_TRUE(client_->AtEnd());
  ExpectEcho(*other, kProduce, 5);
}

TEST_F(FaultProxyTest, RequestsThatAreNeverAnsweredDoNotShiftTheRules) {
  const RuleId unanswered = Arm(kUnanswered, Fault::SwallowResponse());
  const RuleId rule = Arm(kFetch, Fault::OverwriteBody(4, "Z"));
  ASSERT_TRUE(client_->Write(RequestFrame(kUnanswered, 1, "a") + RequestFrame(kFetch, 2, "b")));
  EXPECT_EQ(client_->ReadFrame(), EchoOf(2, "b").replace(4, 1, "Z"));
  EXPECT_TRUE(WaitForHits(rule, 1));
  EXPECT_EQ(proxy_->Hits(unanswered), 0);
}

TEST_F(FaultProxyTest, BrokersEndReachesTheClientAfterItsLastAnswer) {
  ASSERT_TRUE(client_->Write(RequestFrame(kProduce, 1, "last")));
  client_->EndWriting();
  EXPECT_EQ(client_->ReadFrame(), EchoOf(1, "last"));
  EXPECT_TRUE(client_->AtEnd());
}

TEST_F(FaultProxyTest, MalformedRequestEndsItsConnectionOnly) {
  std::string frame;
  AppendInt32(frame, -5);
  ASSERT_TRUE(client_->Write(frame));
  EXPECT_TRUE(client_->AtEnd());
  auto other = FrameSocket::Connect(proxy_->port());
  ExpectEcho(*other, kProduce, 1);
}

TEST(FaultProxyStartTest, ClosesConnectionsUntilTheUpstreamIsKnown) {
  absl::StatusOr<std::unique_ptr<FaultProxy>> proxy = FaultProxy::Start();
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  EXPECT_TRUE(FrameSocket::Connect((*proxy)->port())->AtEnd());
  EchoBroker broker;
  EXPECT_EQ((*proxy)->SetUpstream("no.such.host", 1).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE((*proxy)->SetUpstream("127.0.0.1", broker.port()).ok());
  auto client = FrameSocket::Connect((*proxy)->port());
  ASSERT_TRUE(client->Write(RequestFrame(kProduce, 1, "")));
  EXPECT_TRUE(client->ReadFrame().has_value());
}

TEST(FaultProxyStartTest, RefusesAPortThatIsTaken) {
  absl::StatusOr<std::unique_ptr<FaultProxy>> first = FaultProxy::Start();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(FaultProxy::Start((*first)->port()).status().code(), absl::StatusCode::kUnavailable);
}

TEST(FaultProxyStartTest, StopsAtOnceWithConnectionsHeldAndDelayed) {
  EchoBroker broker;
  absl::StatusOr<std::unique_ptr<FaultProxy>> proxy = FaultProxy::Start();
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  ASSERT_TRUE((*proxy)->SetUpstream("127.0.0.1", broker.port()).ok());
  FaultRule rule{.times = 1, .fault = Fault::DelayResponse(absl::InfiniteDuration())};
  const RuleId id = (*proxy)->Arm(rule);
  auto delayed = FrameSocket::Connect((*proxy)->port());
  ASSERT_TRUE(delayed->Write(RequestFrame(kProduce, 1, "")));
  ASSERT_TRUE((*proxy)->WaitForHits(id, 1, Deadline()));
  (*proxy)->Hold();
  auto held = FrameSocket::Connect((*proxy)->port());
  ASSERT_TRUE(held->Write(RequestFrame(kProduce, 2, "")));
  proxy->reset();  // nobody else ends what is delayed
  EXPECT_TRUE(delayed->AtEnd());
  EXPECT_TRUE(held->AtEnd());
}

}  // namespace
}  // namespace replicator::tests
