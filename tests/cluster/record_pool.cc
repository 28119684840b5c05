#include "tests/cluster/record_pool.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace replicator::tests {
namespace {

// Larger than a codec's window over one batch, so that templates seldom repeat within it.
constexpr int64_t kPoolBytes = 2 << 20;
constexpr int64_t kTemplatesMin = 4;
constexpr int64_t kTemplatesMax = 8192;

// Where the digits of the sequence and the event id stand in each document.
constexpr absl::string_view kHead = "{\"seq\":000000000000";
constexpr size_t kSequenceBegin = 7;
constexpr size_t kSequenceDigits = 12;
constexpr absl::string_view kIdHead = ",\"id\":\"0000000000000000\"";
constexpr size_t kIdBegin = kHead.size() + 7;
constexpr size_t kIdDigits = 16;
constexpr size_t kIdEnd = kHead.size() + kIdHead.size();
constexpr absl::string_view kPadHead = ",\"note\":\"";
constexpr absl::string_view kTail = "\"}";

constexpr const char* kNames[] = {"Amelie", "Bruno", "Chiara", "Davor", "Elif",   "Farid", "Greta", "Henrik",
                                  "Ines",   "Jonas", "Katya",  "Liam",  "Mirela", "Noor",  "Oskar", "Paula"};
constexpr const char* kCities[] = {"Lisbon", "Vilnius", "Bergen", "Graz", "Turin", "Gdansk", "Malmo", "Porto"};
constexpr const char* kStates[] = {"created", "paid", "packed", "shipped", "delivered", "returned"};
constexpr const char* kWords[] = {"please", "ring",   "twice", "leave", "at",     "the",
                                  "door",   "before", "noon",  "gift",  "fragile"};

// Draws numbers for one document.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t Next() { return Mix64(state_ += 0x9e3779b97f4a7c15); }
  int Below(int limit) { return static_cast<int>(Next() % static_cast<uint64_t>(limit)); }
  template <size_t kSize>
  const char* Pick(const char* const (&list)[kSize]) {
    return list[Next() % kSize];
  }

 private:
  uint64_t state_;
};

std::string Item(Dice* dice) {
  return absl::StrFormat("{\"sku\":\"%08X\",\"lot\":\"%016x\",\"quantity\":%d,\"price\":%d.%02d,\"status\":\"%s\"}",
                         static_cast<uint32_t>(dice->Next()), dice->Next(), 1 + dice->Below(9), dice->Below(500),
                         dice->Below(100), dice->Pick(kStates));
}

std::string Document(size_t bytes, uint64_t seed) {
  Dice dice(seed);
  std::string text(kHead);
  const size_t closing = kPadHead.size() + kTail.size();
  if (bytes >= kIdEnd + closing) absl::StrAppend(&text, kIdHead);
  std::string customer = absl::StrFormat(
      ",\"customer\":{\"number\":%d,\"name\":\"%s\",\"city\":\"%s\",\"address\":\"%s street "
      "%d\"},\"amount\":%d.%02d,\"currency\":\"EUR\"",
      dice.Below(1000000), dice.Pick(kNames), dice.Pick(kCities), dice.Pick(kNames), dice.Below(300), dice.Below(5000),
      dice.Below(100));
  if (text.size() + customer.size() + closing <= bytes) absl::StrAppend(&text, customer);
  std::string items;
  while (true) {
    const std::string item = absl::StrCat(items.empty() ? "" : ",", Item(&dice));
    constexpr size_t kListBytes = 11;  // ,"items":[]
    if (text.size() + kListBytes + items.size() + item.size() + closing > bytes) break;
    items += item;
  }
  if (!items.empty()) absl::StrAppend(&text, ",\"items\":[", items, "]");
  absl::StrAppend(&text, kPadHead);
  const size_t pad_end = bytes - kTail.size();
  while (text.size() < pad_end) absl::StrAppend(&text, dice.Pick(kWords), " ");
  text.resize(pad_end);
  return absl::StrCat(text, kTail);
}

void WriteDigits(uint64_t number, size_t digits, char* end) {
  for (size_t i = 0; i < digits; ++i, number /= 10) *--end = static_cast<char>('0' + number % 10);
}

void WriteHex(uint64_t number, size_t digits, char* end) {
  for (size_t i = 0; i < digits; ++i, number >>= 4) *--end = "0123456789abcdef"[number & 15];
}

}  // namespace

uint64_t Mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

RecordPool RecordPool::Json(int value_bytes, uint64_t seed) {
  RecordPool pool(true, value_bytes, seed);
  pool.templates_count_ = std::clamp(kPoolBytes / value_bytes, kTemplatesMin, kTemplatesMax);
  pool.pool_.reserve(static_cast<size_t>(pool.templates_count_ * value_bytes));
  for (int64_t i = 0; i < pool.templates_count_; ++i) {
    pool.pool_ += Document(static_cast<size_t>(value_bytes), Mix64(seed) + static_cast<uint64_t>(i));
  }
  return pool;
}

RecordPool RecordPool::Random(int value_bytes, uint64_t seed) {
  RecordPool pool(false, value_bytes, seed);
  pool.pool_.resize(static_cast<size_t>(std::max<int64_t>(kPoolBytes, int64_t{2} * value_bytes)));
  Dice dice(seed);
  for (size_t i = 0; i + 8 <= pool.pool_.size(); i += 8) {
    const uint64_t number = dice.Next();
    memcpy(pool.pool_.data() + i, &number, 8);
  }
  return pool;
}

absl::string_view RecordPool::Value(int64_t sequence) {
  const uint64_t mixed = Mix64(seed_ ^ Mix64(static_cast<uint64_t>(sequence)));
  const size_t bytes = static_cast<size_t>(value_bytes_);
  if (!json_) {
    value_.assign(pool_, mixed % (pool_.size() - bytes), bytes);
    memcpy(value_.data(), &sequence, sizeof(sequence));
    return value_;
  }
  value_.assign(pool_, (mixed % static_cast<uint64_t>(templates_count_)) * bytes, bytes);
  WriteDigits(static_cast<uint64_t>(sequence), kSequenceDigits, value_.data() + kSequenceBegin + kSequenceDigits);
  if (bytes >= kIdEnd + kPadHead.size() + kTail.size())
    WriteHex(mixed, kIdDigits, value_.data() + kIdBegin + kIdDigits);
  return value_;
}

}  // namespace replicator::tests
