// SPDX-License-Identifier: Apache-2.0
// Records with revisions, kept in the token: how concurrent writers on many hosts agree.
//
// Objects in the token are immutable: they are created, found, read and destroyed. Of any number of
// writers that destroy one object at the same time, exactly one is told that it did. Everything
// rests on that, and nothing on a common lock (which spares collisions, and SoftHSM's own races).
//
// A record is what the data objects of one label amount to. Each revision is an object of its own,
// and says by nonce which revision it replaces and which came before that (`based_on`). A second
// kind of object, the marker, names a revision that is not committed: its candidate is pending.
//
// A change finds the committed revision, its base; creates a marker and then the candidate; and
// DESTROYS THE BASE: that is the commit. A writer that is not the one that destroyed it has lost,
// withdraws the candidate and then the marker, and starts again from the find. The winner destroys
// its marker.
//   - Before the commit, the base is there and the candidate is marked: readers take the base.
//   - After it, the base is gone: the marked candidate that is based on it holds, a "survivor". A
//     writer that dies here has made its change; the next one destroys the marker instead.
//   - A writer that dies before the commit leaves a candidate that can only win if its base is
//     destroyed by somebody who is not told so; the next change wins that base and removes it.
//   - Nobody else's candidate is removed before its base was won: its writer may be about to win.
//   - A writer that cannot know whether it destroyed the base (the token reports a failure, the
//     connection is lost, SoftHSM fails in the middle of two that destroy at once) looks: if the
//     base is there, the change failed; if a revision is based on its own, or its own alone is
//     left, it is done; if another one is unmarked, that one has won. The only successor of a base
//     that is gone is never withdrawn, so no record is lost.
//   - Two survivors at once: the one that lost withdraws within moments. If both writers are dead,
//     the lower nonce holds, and the next writer destroys the other's marker and then the other. A
//     writer that finds its marker destroyed by another looks whether it was passed over: so the
//     one that destroys a marker decides.
//
// A creation has no base. It makes marker and candidate, looks for others of the label, and commits
// by destroying its own marker if there are none; if there are, it withdraws, and tries again after
// a random pause unless there is a record by then. Each makes its candidate before it looks, so two
// cannot both be alone. A candidate that stays for seconds is of a dead writer: whoever waits for
// it destroys its marker and then it. (SoftHSM can hide a new object from a process that changes
// the token at the same moment, see hsm::ChangeLock: there the lock of the host is what makes
// creations exclusive. A record that two created is one for every reader: the lower nonce's.)
//
// A deletion destroys the base, and then what was based on it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/record.h"
#include "hsm/change_lock.h"
#include "hsm/data_object.h"
#include "hsm/token.h"

namespace trent::catalog {

inline constexpr const char* kApplication = "trent";

Error damaged(const std::string& label, const std::string& why);

// 16 hexadecimal digits.
std::string random_nonce();

struct Version {
  Revision revision;
  hsm::DataObject object;
};

struct Marker {
  std::string nonce;  // of the revision that is pending
  Timestamp made;
  hsm::DataObject object;
};

// The data objects of one label, sorted by what they are.
struct Versions {
  explicit Versions(std::vector<hsm::DataObject> objects);

  // Highest revision first, of equal ones the lowest nonce, so that every reader takes the same.
  std::vector<Version> committed;
  std::vector<Version> survivors;  // pending, and their base is gone
  std::vector<Version> pending;    // the base is there
  std::vector<Version> creations;  // pending, without a base
  std::vector<Marker> markers;
  std::vector<hsm::DataObject> damaged;  // the fault says in what way

  // What readers take; nullptr if there is no record, or nothing of it can be read.
  const Version* holds() const;
};

// Of all labels.
std::map<std::string, Versions> list_versions(hsm::Token& token);

// The object that holds; nullopt if there is none. Throws KMSInternalException if all are damaged.
std::optional<hsm::DataObject> find_record(hsm::Token& token, const std::string& label);
// The same for who holds the lock.
std::optional<hsm::DataObject> find_record(const hsm::ChangeLock& lock, hsm::Token& token,
                                           const std::string& label);

// What follows throws DependencyTimeoutException if others change the record all the time.
// `seen`: this process has seen the record, and looks longer before it believes that it is
// gone.

// Makes the first revision of what `text` gives for it. False if there is such a record already.
bool create_record(const hsm::ChangeLock& lock, hsm::Token& token, const std::string& label,
                   const std::function<std::string(Revision first)>& text);

// Replaces the record by what `change` makes of it; `change` gets the present text and the
// Revision to put into the new one, may be called several times, and may throw to give up.
// False if there is no such record.
bool change_record(
    const hsm::ChangeLock& lock, hsm::Token& token, const std::string& label, bool seen,
    const std::function<std::string(const std::string& text, Revision next)>& change);

enum class Deletion { Done, NotThere, Declined };

// Deletes the record if `condition` holds for its text, as it is at that moment; nullptr: the
// record is damaged.
Deletion delete_record(const hsm::ChangeLock& lock, hsm::Token& token, const std::string& label,
                       bool seen, const std::function<bool(const std::string* text)>& condition);

// Removes what interrupted changes have left of a record, all of it seconds old: by a change to the
// same, for who wins the base knows that nobody else does. `copy` gives the text for the Revision.
void tidy_record(const hsm::ChangeLock& lock, hsm::Token& token, const std::string& label,
                 const std::function<std::string(const std::string& text, Revision next)>& copy);

}  // namespace trent::catalog
