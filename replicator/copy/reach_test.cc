// What a shard's sources, sinks and settlers log of brokers that they cannot reach.
#include <glog/logging.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kafka/net/must_not_throw.h"
#include "replicator/copy/rate_limiter.h"
#include "replicator/copy/sink.h"
#include "replicator/copy/source.h"
#include "replicator/locate/settler.h"

namespace replicator {
namespace {

constexpr int kBrokers = 3;
constexpr int kFailures = 5;

// All lines that were logged. Any thread.
class Lines : public google::LogSink {
 public:
  Lines() { google::AddLogSink(this); }
  ~Lines() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity, const char*, const char*, int, const google::LogMessageTime&, const char* message,
            size_t size) override {
    std::lock_guard lock(mutex_);
    lines_.emplace_back(message, size);
  }
  int Count(const std::string& prefix) {
    std::lock_guard lock(mutex_);
    return static_cast<int>(std::count_if(lines_.begin(), lines_.end(),
                                          [&](const std::string& line) { return absl::StartsWith(line, prefix); }));
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// Counts failures by what they have the metadata looked at for.
class Owner : public StreamOwner {
 public:
  void Changed(Stream&) override {}
  void MetadataIsStale(Side) override { ++failures_; }
  void ResumeLocated(Stream&) override {}
  Clock::duration BackoffAfter(int) override { return {}; }
  int failures() const { return failures_; }

 private:
  int failures_ = 0;
};

// A port of this machine where nobody listens.
kafka::Endpoint Nobody(asio::io_context& io) {
  asio::ip::tcp::acceptor acceptor(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  return {"127.0.0.1", acceptor.local_endpoint().port()};
}

class ReachTest : public testing::Test {
 protected:
  using Streams = std::vector<std::unique_ptr<Stream>>;

  static Assignment Orders() {
    Assignment assignment;
    assignment.source_topic = assignment.target_topic = "orders";
    assignment.partition = 0;
    return assignment;
  }
  // One for each broker.
  static Streams NewStreams() {
    Streams streams;
    for (int i = 0; i < kBrokers; ++i) streams.push_back(std::make_unique<Stream>(Orders(), Partition::Options()));
    return streams;
  }
  static Streams BegunStreams() {
    Streams streams = NewStreams();
    for (const auto& stream : streams) stream->partition.Begin(SourceOffset(0), TargetOffset(0), Ordinal(0));
    return streams;
  }

  // Until each broker has failed `kFailures` times.
  void Run() {
    for (bool all = false; !all;) {
      io_.run_one();
      all = true;
      for (const Owner& owner : owners_) all = all && owner.failures() >= kFailures;
    }
  }

  asio::io_context io_{1};
  Lines lines_;
  Owner owners_[kBrokers];
  RateLimiter limit_{0};
};

TEST_F(ReachTest, EachSourceBrokerThatCannotBeReachedIsLogged) {
  kafka::FetchMemory memory(io_.get_executor(), 8 << 20);
  SourceOptions options;
  options.limit = &limit_;
  const Streams streams = BegunStreams();
  std::vector<std::unique_ptr<Source>> sources;
  for (int i = 0; i < kBrokers; ++i) {
    sources.push_back(std::make_unique<Source>(io_.get_executor(), i, Nobody(io_), options, memory, owners_[i]));
    sources.back()->Add(streams[i].get());
    asio::co_spawn(io_, sources.back()->Run(), kafka::MustNotThrow());
  }
  Run();
  for (int i = 0; i < kBrokers; ++i)
    EXPECT_EQ(lines_.Count(absl::StrCat("source broker ", i, ": cannot connect")), 1) << i;
  for (const std::unique_ptr<Source>& source : sources) source->Stop();
  io_.run();
}

TEST_F(ReachTest, EachTargetBrokerThatCannotBeReachedIsLogged) {
  const Streams streams = BegunStreams();
  std::vector<std::unique_ptr<Sink>> sinks;
  for (int i = 0; i < kBrokers; ++i) {
    sinks.push_back(
        std::make_unique<Sink>(io_.get_executor(), i, Nobody(io_), kafka::ConnectionOptions(), limit_, owners_[i]));
    sinks.back()->Add(streams[i].get());
    sinks.back()->Ready(streams[i].get());
    asio::co_spawn(io_, sinks.back()->Run(), kafka::MustNotThrow());
  }
  Run();
  for (int i = 0; i < kBrokers; ++i)
    EXPECT_EQ(lines_.Count(absl::StrCat("target broker ", i, ": cannot connect")), 1) << i;
  for (const std::unique_ptr<Sink>& sink : sinks) sink->Stop();
  io_.run();
}

TEST_F(ReachTest, EachBrokerThatCannotBeAskedIsLogged) {
  const Streams streams = NewStreams();  // the target is to say where each stands
  std::vector<std::unique_ptr<Settler>> settlers;
  for (int i = 0; i < kBrokers; ++i) {
    settlers.push_back(
        std::make_unique<Settler>(io_.get_executor(), i, Nobody(io_), kafka::ConnectionOptions(), owners_[i]));
    settlers.back()->Add(streams[i].get());
    asio::co_spawn(io_, settlers.back()->Run(), kafka::MustNotThrow());
  }
  Run();
  for (int i = 0; i < kBrokers; ++i)
    EXPECT_EQ(lines_.Count(absl::StrCat("target broker ", i, ": cannot connect")), 1) << i;
  for (const std::unique_ptr<Settler>& settler : settlers) settler->Stop();
  io_.run();
}

}  // namespace
}  // namespace replicator
