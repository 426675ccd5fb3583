#include "provider/params.h"

#include <openssl/params.h>

#include <cstring>
#include <sstream>

#include "base/error.h"

namespace trent::provider {

std::string get_text(const OSSL_PARAM& param) {
  const char* text = nullptr;
  if (OSSL_PARAM_get_utf8_string_ptr(&param, &text) != 1 || text == nullptr)
    throw Error(ErrorCode::Validation,
                std::string("The parameter ") + param.key + " must be a UTF-8 string.");
  // Some callers count the terminating zero byte.
  return {text, strnlen(text, param.data_size)};
}

bool get_flag(const OSSL_PARAM& param) {
  int value = 0;
  if (OSSL_PARAM_get_int(&param, &value) != 1 || (value != 0 && value != 1))
    throw Error(ErrorCode::Validation,
                std::string("The parameter ") + param.key + " must be 0 or 1.");
  return value == 1;
}

kms::EncryptionContext get_context(const OSSL_PARAM& param) {
  return blob::parse_encryption_context(get_text(param));
}

std::vector<std::string> get_list(const OSSL_PARAM& param) {
  std::vector<std::string> list;
  std::istringstream text(get_text(param));
  for (std::string item; std::getline(text, item, ',');) list.push_back(item);
  return list;
}

void throw_unknown(const OSSL_PARAM& param, const OSSL_PARAM* known) {
  std::string names;
  for (; known->key != nullptr; ++known)
    names += (names.empty() ? "" : ", ") + std::string(known->key);
  throw Error(ErrorCode::Validation,
              std::string("There is no parameter ") + param.key + ". There are: " + names + ".");
}

bool set_text(OSSL_PARAM* params, const char* name, const std::string& value) {
  OSSL_PARAM* p = OSSL_PARAM_locate(params, name);
  return p == nullptr || OSSL_PARAM_set_utf8_string(p, value.c_str()) == 1;
}

}  // namespace trent::provider
