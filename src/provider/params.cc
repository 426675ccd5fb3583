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
  int number = -1;
  std::string text;
  if (param.data_type == OSSL_PARAM_UTF8_STRING)
    text = get_text(param);
  else
    OSSL_PARAM_get_int(&param, &number);
  if (number == 1 || text == "1") return true;
  if (number == 0 || text == "0") return false;
  throw Error(ErrorCode::Validation,
              std::string("The parameter ") + param.key + " must be 0 or 1.");
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

void throw_unknown(const OSSL_PARAM& param) {
  throw Error(ErrorCode::Validation,
              std::string("There is no parameter ") + param.key + " for this operation.",
              "trent(7) lists the parameters.");
}

bool set_text(OSSL_PARAM* params, const char* name, const std::string& value) {
  OSSL_PARAM* p = OSSL_PARAM_locate(params, name);
  return p == nullptr || OSSL_PARAM_set_utf8_string(p, value.c_str()) == 1;
}

}  // namespace trent::provider
