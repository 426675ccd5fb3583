#include "base/error.h"
#include "kms/implementation.h"
#include "kms/validation.h"

namespace trent::kms {

GenerateRandomResponse Service::generate_random(const GenerateRandomRequest& request) {
  hsm::ForkGuard fork;
  if (!request.number_of_bytes) throw Error(ErrorCode::Validation, "NumberOfBytes is required.");
  Validation().range("numberOfBytes", request.number_of_bytes, 1, 1024).check();
  return {hsm::generate_random(implementation_->home().token,
                               static_cast<std::size_t>(*request.number_of_bytes))};
}

}  // namespace trent::kms
