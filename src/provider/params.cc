// SPDX-License-Identifier: Apache-2.0
// Reading and answering OSSL_PARAMs. OpenSSL's own functions for it follow NULL pointers, take an
// empty text for one whose size is not given, and cut a text off at its first NUL byte.
#include "provider/params.h"

#include <openssl/params.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/encoding.h"
#include "base/error.h"
#include "blob/shorthand.h"
#include "kms/model/validation.h"

namespace trent::provider {

namespace {

// Far above every limit of KMS; a larger size is a mistake, and nothing to read.
constexpr std::size_t kMaxText = 1 << 20;
constexpr std::size_t kMaxInteger = 16;

[[noreturn]] void refuse(const char* name, const std::string& fault, const char* advice = "") {
  throw Error(ErrorCode::Validation, std::string("The parameter ") + name + " " + fault, advice);
}

bool is_text(const OSSL_PARAM& param) {
  return param.data_type == OSSL_PARAM_UTF8_STRING || param.data_type == OSSL_PARAM_UTF8_PTR;
}

// Its size is that of the text, and counts the terminating zero byte or not. What has a size of 0
// is empty, and is not looked at: there may be nothing to look at.
std::string_view string_of(const OSSL_PARAM& param) {
  if (param.data_size > kMaxText) refuse(param.key, "is longer than 1 MiB.");
  std::string_view text(static_cast<const char*>(param.data), param.data_size);
  if (text.ends_with('\0')) text.remove_suffix(1);
  if (text.find('\0') != std::string_view::npos)
    refuse(param.key, "has a NUL byte in its text.", "Set data_size to the length of the text.");
  return text;
}

// Leads to a string that ends with a zero byte. The size may be left out, as 0.
std::string_view pointed_at(const OSSL_PARAM& param) {
  const char* start = nullptr;
  std::memcpy(&start, param.data, sizeof(start));
  if (start == nullptr) refuse(param.key, "has no text: its pointer is NULL.");
  const std::string_view text(start);
  if (param.data_size != 0 && param.data_size != text.size() && param.data_size != text.size() + 1)
    refuse(param.key,
           "has " + std::to_string(text.size()) + " bytes, but a data_size of " +
               std::to_string(param.data_size) + ".",
           "Set data_size to the length of the text, or to 0.");
  return text;
}

std::optional<std::uint64_t> number_of(const OSSL_PARAM& param) {
  const bool is_signed = param.data_type == OSSL_PARAM_INTEGER;
  if (!is_signed && param.data_type != OSSL_PARAM_UNSIGNED_INTEGER) return std::nullopt;
  if (param.data == nullptr || param.data_size == 0 || param.data_size > kMaxInteger)
    return std::nullopt;
  const ByteView native(static_cast<const std::uint8_t*>(param.data), param.data_size);
  Bytes bytes(native.begin(), native.end());
  if constexpr (std::endian::native == std::endian::little)
    std::reverse(bytes.begin(), bytes.end());
  if (is_signed && (bytes.front() & 0x80) != 0) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) {
    if (number >> 56 != 0) return std::nullopt;
    number = number << 8 | byte;
  }
  return number;
}

}  // namespace

std::string get_text(const OSSL_PARAM& param) {
  if (!is_text(param)) refuse(param.key, "must be a UTF-8 string.");
  if (param.data == nullptr) refuse(param.key, "has no text: its data is NULL.");
  const std::string_view text =
      param.data_type == OSSL_PARAM_UTF8_PTR ? pointed_at(param) : string_of(param);
  if (!is_utf8(text)) refuse(param.key, "must be a UTF-8 string.");
  return std::string(text);
}

std::uint64_t get_number(const OSSL_PARAM& param) {
  if (const auto number = number_of(param)) return *number;
  refuse(param.key, "must be a number.");
}

bool get_flag(const OSSL_PARAM& param) {
  if (is_text(param)) {
    const std::string text = get_text(param);
    if (text == "0" || text == "1") return text == "1";
  } else if (const auto number = number_of(param); number && *number <= 1) {
    return *number == 1;
  }
  refuse(param.key, "must be 0 or 1.");
}

namespace {

kms::EncryptionContext get_context(const OSSL_PARAM& param) {
  const std::string text = get_text(param);
  try {
    kms::EncryptionContext context = blob::parse_context_text(text);
    blob::canonical_context(context);  // its size, which shorthand does not look at
    return context;
  } catch (const Error& error) {
    throw Error(error.code(), std::string("The parameter ") + param.key + ": " + error.message(),
                error.advice());
  }
}

std::vector<std::string> get_list(const OSSL_PARAM& param) {
  std::string text = get_text(param);
  std::vector<std::string> list;
  for (std::size_t comma = text.find(','); comma != std::string::npos; comma = text.find(',')) {
    list.push_back(text.substr(0, comma));
    text.erase(0, comma + 1);
  }
  list.push_back(std::move(text));
  return list;
}

}  // namespace

void read_member(const OSSL_PARAM& param, kms::model::Fields fields, void* request) {
  namespace model = kms::model;
  const auto field = std::ranges::find_if(
      fields, [&](const model::Field& each) { return model::hyphenated(each.name) == param.key; });
  if (field == fields.end()) throw_unknown(param);
  std::visit(model::Overloaded{
                 [&](std::string* out) { *out = get_text(param); },
                 [&](std::optional<std::string>* out) { *out = get_text(param); },
                 [&](bool* out) { *out = get_flag(param); },
                 [&](std::vector<std::string>* out) { *out = get_list(param); },
                 [&](kms::EncryptionContext* out) { *out = get_context(param); },
                 [&](const auto&) { throw_unknown(param); },
             },
             field->in(request));
  model::Validation validation;
  validation.check(*field, request);
  try {
    validation.finish();
  } catch (const Error& error) {
    std::string advice = std::string("This is the parameter ") + param.key;
    if (param.data_size == 0) advice += ", which is empty: its data_size is 0";
    throw Error(error.code(), error.message(), advice + ".");
  }
}

void throw_unknown(const OSSL_PARAM& param) {
  throw Error(ErrorCode::Validation,
              std::string("There is no parameter ") + param.key + " for this operation.",
              "trent-provider(7) lists the parameters.");
}

void Given::add(const OSSL_PARAM& param) {
  if (std::find(names_.begin(), names_.end(), param.key) != names_.end())
    refuse(param.key, "is given twice.",
           "Give it once for each operation; an encryption context has all pairs in one value.");
  names_.emplace_back(param.key);
}

void set_text(OSSL_PARAM* params, const char* name, const std::string& value) {
  OSSL_PARAM* p = OSSL_PARAM_locate(params, name);
  if (p == nullptr || OSSL_PARAM_set_utf8_string(p, value.c_str()) == 1) return;
  if (p->data_type != OSSL_PARAM_UTF8_STRING) refuse(name, "is a UTF-8 string.");
  refuse(name, "has " + std::to_string(value.size()) + " bytes, but the buffer only " +
                   std::to_string(p->data_size) + ".");
}

void set_pointer(OSSL_PARAM* params, const char* name, const char* value) {
  OSSL_PARAM* p = OSSL_PARAM_locate(params, name);
  if (p != nullptr && OSSL_PARAM_set_utf8_ptr(p, value) != 1)
    refuse(name, "is a pointer to a UTF-8 string.");
}

void set_number(OSSL_PARAM* params, const char* name, int value) {
  OSSL_PARAM* p = OSSL_PARAM_locate(params, name);
  if (p != nullptr && OSSL_PARAM_set_int(p, value) != 1)
    refuse(name, "is an integer, and needs a buffer for one.");
}

}  // namespace trent::provider
