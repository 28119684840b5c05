#include "tests/scene/figures.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"

namespace replicator::tests {

void Figure(absl::string_view name, double value, absl::string_view unit) {
  const std::string line = absl::StrCat("FIGURE ", name, " ", value, " ", unit);
  std::cout << line << std::endl;
  const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (folder != nullptr) std::ofstream(absl::StrCat(folder, "/figures"), std::ios::app) << line << "\n";
}

void Figure(absl::string_view name, absl::Duration value) { Figure(name, absl::ToDoubleSeconds(value), "s"); }

}  // namespace replicator::tests
