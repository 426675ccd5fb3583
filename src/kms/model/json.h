// SPDX-License-Identifier: Apache-2.0
// Requests and responses as KMS puts them on the wire (awsJson1_1): names of the model in its
// order, blobs in base64, timestamps as epoch seconds, and members that are not set left out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json_document.h"
#include "kms/model/json_fwd.h"
#include "kms/model/operation.h"
#include "kms/model/validation.h"

namespace trent::kms::model {

// Strict: UTF-8, no name twice in an object, at most 64 levels. `text` has to outlive it. Throws
// SerializationException.
JsonDocument parse_json(std::string_view text);

// Reads the members that are there; of required ones that are not, `validation` is told. Members
// that are no fields are passed over. Throws SerializationException for a value of another type.
void read_json(Fields fields, void* object, const JsonValue& json, Validation& validation,
               const std::string& path = {});

// The same for a request, with all constraints of the model checked. Throws
// UnsupportedOperationException for a member that KMS has and Trent does not, unless it says what
// is the case anyway (null, false, nothing); ValidationException, SerializationException.
void read_request(const Operation& operation, void* request, const JsonValue& json);

// A text that its shape does not allow to be empty is left out when it is: it is not set. Unless it
// is required: then it is a request's, and given empty. Throws std::invalid_argument for a text
// that is no UTF-8.
SecretString write_json(Fields fields, const void* object);

// Whether it would say anything.
bool is_set(Fields fields, const void* object);

// The same to work with.
Json to_json(Fields fields, const void* object);

template <class T>
Json to_json(const T& structure) {
  return to_json(T::fields(), &structure);
}

// What an audit record tells of a request (CloudTrail's requestParameters): everything but blobs,
// grant tokens and what is sensitive, with names in lower camel case. What is no UTF-8 is replaced.
std::string request_parameters(const Operation& operation, const void* request);
// The same of a response (responseElements).
std::string response_elements(const Operation& operation, const void* response);

}  // namespace trent::kms::model
