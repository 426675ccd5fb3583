// SPDX-License-Identifier: Apache-2.0
// Fields: the members of a request, a response or a structure in one, so that code that knows none
// of them can read and write them all.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "blob/context.h"
#include "kms/model/shape.h"

namespace trent::kms {
using blob::EncryptionContext;
using Timestamp = std::chrono::system_clock::time_point;
}  // namespace trent::kms

namespace trent::kms::model {

struct Field;
// A structure is described by its static member function fields().
using Fields = std::span<const Field>;

struct Structure {
  Fields fields;
  void* object;
};

// A std::vector of structures.
struct Structures {
  Fields fields;
  void* list;
  std::size_t (*size)(const void* list);
  void* (*at)(void* list, std::size_t index);
  void* (*add)(void* list);
};

// Where the value of a field is.
using Member =
    std::variant<std::string*, std::optional<std::string>*, Bytes*, SecretBytes*, std::int64_t*,
                 std::optional<std::int64_t>*, bool*, Timestamp*, std::optional<Timestamp>*,
                 std::vector<std::string>*, EncryptionContext*, Structure, Structures>;

enum class Need { Optional, Required };

struct Field {
  std::string_view name;  // in the model: "KeyId"
  const Shape* shape;
  Need need;
  const char* help;  // what a person types, if the shape does not say it
  // `object` is of the structure that has the field. What is read only is not written to.
  Member (*in)(void* object);
  // Whether this object goes without the field, although it is required. Null: none does.
  bool (*dispensable)(const void* object);
};

namespace detail {

template <class T>
Member member_of(T& value) {
  if constexpr (requires { T::fields(); }) {
    return Structure{T::fields(), &value};
  } else if constexpr (requires { T::value_type::fields(); }) {
    return Structures{
        T::value_type::fields(), &value,
        [](const void* list) { return static_cast<const T*>(list)->size(); },
        [](void* list, std::size_t index) -> void* { return &(*static_cast<T*>(list))[index]; },
        [](void* list) -> void* { return &static_cast<T*>(list)->emplace_back(); }};
  } else {
    return &value;
  }
}

}  // namespace detail

// The field `Pointer` (a pointer to member) of the structure Object.
template <class Object, auto Pointer>
constexpr Field field(std::string_view name, const Shape& shape, Need need = Need::Optional,
                      const char* help = "") {
  return {name,
          &shape,
          need,
          help,
          [](void* object) -> Member {
            return detail::member_of(static_cast<Object*>(object)->*Pointer);
          },
          nullptr};
}

// A required one that an object goes without if `Dispensable` says so.
template <class Object, auto Pointer, bool (*Dispensable)(const Object&)>
constexpr Field field_unless(std::string_view name, const Shape& shape) {
  Field unless = field<Object, Pointer>(name, shape, Need::Required);
  unless.dispensable = [](const void* object) {
    return Dispensable(*static_cast<const Object*>(object));
  };
  return unless;
}

// Where the field of an object is that is only read.
inline Member member(const Field& field, const void* object) {
  return field.in(const_cast<void*>(object));
}

// Null if there is none.
const Field* find_field(Fields fields, std::string_view name);

// "KeyId" as a member of a path in KMS's messages and in CloudTrail: "keyId".
std::string lower_camel(std::string_view name);
// "SourceEncryptionContext" as an option of `aws kms` and a parameter of OpenSSL:
// "source-encryption-context".
std::string hyphenated(std::string_view name);

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace trent::kms::model
