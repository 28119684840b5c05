// The addresses of brokers' names, as the system resolves them: /etc/hosts, DNS, and what else nsswitch.conf names.
//
// A lookup cannot be ended: a DNS server that does not answer holds it for half a minute or longer. So a name is looked
// up on a thread of its own. Who waits for it gives up at its deadline, and the thread ends by itself. All who ask for
// a name that is being looked up wait for the same thread.
#ifndef REPLICATOR_KAFKA_NET_RESOLVER_H_
#define REPLICATOR_KAFKA_NET_RESOLVER_H_

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/net/signal.h"

namespace replicator::kafka {

// Names that are looked up at a time, in the whole process. The others wait for their turn.
inline constexpr int kLookupsMax = 64;

// `host` is a name, or an address, which takes no lookup. Unavailable: the system does not know the name.
// DeadlineExceeded: it did not say so in time. Any thread.
asio::awaitable<absl::StatusOr<std::vector<asio::ip::tcp::endpoint>>> Resolve(std::string host, uint16_t port,
                                                                              Clock::time_point deadline);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_RESOLVER_H_
