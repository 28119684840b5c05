#include "kafka/net/must_not_throw.h"

#include <glog/logging.h>

#include <asio/error.hpp>
#include <asio/system_error.hpp>

namespace replicator::kafka {

void MustNotThrow::operator()(const std::exception_ptr& exception) const {
  if (exception == nullptr) return;
  try {
    std::rethrow_exception(exception);
  } catch (const asio::system_error& error) {
    if (error.code() == asio::error::operation_aborted) return;
    LOG(FATAL) << "internal error: a coroutine has thrown: " << error.what();
  } catch (const std::exception& error) {
    LOG(FATAL) << "internal error: a coroutine has thrown: " << error.what();
  } catch (...) {
    LOG(FATAL) << "internal error: a coroutine has thrown";
  }
}

}  // namespace replicator::kafka
