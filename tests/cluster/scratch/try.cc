#include <glog/logging.h>
#include <signal.h>
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/load.h"
#include "tests/cluster/verifier.h"
#include "tests/cluster/record_stream.h"
#include "absl/time/clock.h"
using namespace replicator::tests;
#define T(x) { absl::Time t0 = absl::Now(); x; LOG(INFO) << #x << " " << absl::Now() - t0; }
int main(int, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  std::unique_ptr<KafkaCluster> c;
  T(c = KafkaCluster::Launch({.version = "4.3.1", .brokers = 1}).value());
  auto b = c->bootstrap_servers();
  auto admin = ClusterAdmin::Create(c->bootstrap_servers()).value();
  T(CHECK(admin->CreateTopic({.name = "s", .partitions = 2}).ok()));
  for (int i = 0; i < 3; ++i) {
  std::unique_ptr<LoadGenerator> l;
  T(l = LoadGenerator::Start({.bootstrap_servers = b, .topic = "s", .partitions = 2, .records_total = 200}).value());
  T(l->Wait(absl::Seconds(60)).value());
  T(l.reset());
  std::unique_ptr<RecordStream> r;
  T(r = RecordStream::Open({.bootstrap_servers = b, .ranges = {{"s", 0, 0, 100}, {"s", 1, 0, 100}}, .client_properties={}}).value());
  int n = 0;
  T(while(n == 0) CHECK(r->Poll(absl::Seconds(1), [&](size_t, const rd_kafka_message_t&) {++n;}).ok()););
  T(while(!r->all_finished()) CHECK(r->Poll(absl::Seconds(1), [&](size_t, const rd_kafka_message_t&) {++n;}).ok()););
  T(r.reset());
  T(LOG(INFO) << Verifier({.source_bootstrap_servers=b, .target_bootstrap_servers=b, .topics={"s"}}).Verify()->Summary());
  }
}
