// Records with revisions, kept in the token: how concurrent writers on many hosts agree.
//
// A record is a set of immutable data objects of one label, one per revision; the highest is what
// holds. A change creates revision n+1, looks again, and if anybody else made an n+1 too (or n is
// gone) removes its own and tries again after a random pause. Only then it destroys n. So every
// change commits with one C_CreateObject, and none that was reported as done is lost.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalog/record.h"
#include "hsm/data_object.h"
#include "hsm/token.h"

namespace trent::catalog {

inline constexpr const char* kApplication = "trent";

// 16 hexadecimal digits.
std::string random_nonce();

// The object that holds; nullopt if there is none. Throws KMSInternalException if all are damaged.
std::optional<hsm::DataObject> find_record(hsm::Token& token, const std::string& label);

// The objects that hold, of all labels; damaged ones are left out (`trent check` names them).
std::vector<hsm::DataObject> list_records(hsm::Token& token);

// Makes the first revision. False if there is such a record already.
bool create_record(const hsm::ChangeLock& lock, hsm::Token& token, const std::string& label,
                   const std::string& text);

// Replaces the record by what `change` makes of it; `change` gets the present text and the
// Revision to put into the new one, may be called several times, and may throw to give up.
// False if there is no such record.
bool change_record(
    const hsm::ChangeLock& lock, hsm::Token& token, const std::string& label,
    const std::function<std::string(const std::string& text, Revision next)>& change);

enum class Deletion { Done, NotThere, Declined };

// Deletes the record if `condition` holds for its text, as it is at that moment.
Deletion delete_record(const hsm::ChangeLock& lock, hsm::Token& token, const std::string& label,
                       const std::function<bool(const std::string& text)>& condition);

}  // namespace trent::catalog
