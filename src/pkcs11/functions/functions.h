// SPDX-License-Identifier: Apache-2.0
// The functions behind the C_ functions; function_list.cc puts them into the lists. Arguments are
// as in PKCS#11, with the session's handle replaced by the session.
#pragma once

#include "pkcs11/library.h"
#include "pkcs11/session.h"

namespace trent::pkcs11 {

// general.cc
CK_RV initialize(CK_VOID_PTR init_args);
CK_RV finalize(CK_VOID_PTR reserved);
CK_RV get_info(Library& library, CK_INFO* info);

// slots.cc
CK_RV get_slot_list(Library& library, CK_BBOOL token_present, CK_SLOT_ID* list, CK_ULONG_PTR count);
CK_RV get_slot_info(Library& library, CK_SLOT_ID id, CK_SLOT_INFO* info);
CK_RV get_token_info(Library& library, CK_SLOT_ID id, CK_TOKEN_INFO* info);
CK_RV wait_for_slot_event(Library& library, CK_FLAGS flags, CK_SLOT_ID* slot, CK_VOID_PTR reserved);
CK_RV get_mechanism_list(Library& library, CK_SLOT_ID id, CK_MECHANISM_TYPE* list,
                         CK_ULONG_PTR count);
CK_RV get_mechanism_info(Library& library, CK_SLOT_ID id, CK_MECHANISM_TYPE type,
                         CK_MECHANISM_INFO* info);
CK_RV init_pin(Session& session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len);
CK_RV set_pin(Session& session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len, CK_UTF8CHAR_PTR new_pin,
              CK_ULONG new_len);

// sessions.cc
CK_RV open_session(Library& library, CK_SLOT_ID id, CK_FLAGS flags, CK_VOID_PTR application,
                   CK_NOTIFY notify, CK_SESSION_HANDLE* session);
CK_RV close_session(Library& library, CK_SESSION_HANDLE session);
CK_RV close_all_sessions(Library& library, CK_SLOT_ID id);
CK_RV get_session_info(Session& session, CK_SESSION_INFO* info);
CK_RV login(Session& session, CK_USER_TYPE user_type, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len);
CK_RV login_user(Session& session, CK_USER_TYPE user_type, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len,
                 CK_UTF8CHAR_PTR user, CK_ULONG user_len);
CK_RV logout(Session& session);
CK_RV session_cancel(Session& session, CK_FLAGS flags);
CK_RV not_parallel(Session& session);

// objects.cc
CK_RV create_object(Session& session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
                    CK_OBJECT_HANDLE* object);
CK_RV copy_object(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
                  CK_ULONG count, CK_OBJECT_HANDLE* copy);
CK_RV destroy_object(Session& session, CK_OBJECT_HANDLE object);
CK_RV get_object_size(Session& session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size);
CK_RV get_attribute_value(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
                          CK_ULONG count);
CK_RV set_attribute_value(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
                          CK_ULONG count);

// find.cc
CK_RV find_objects_init(Session& session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count);
CK_RV find_objects(Session& session, CK_OBJECT_HANDLE* objects, CK_ULONG max, CK_ULONG_PTR count);
CK_RV find_objects_final(Session& session);

// keys.cc
CK_RV generate_key(Session& session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attributes,
                   CK_ULONG count, CK_OBJECT_HANDLE* key);
CK_RV generate_key_pair(Session& session, CK_MECHANISM_PTR mechanism,
                        CK_ATTRIBUTE_PTR public_attributes, CK_ULONG public_count,
                        CK_ATTRIBUTE_PTR private_attributes, CK_ULONG private_count,
                        CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key);
CK_RV wrap_key(Session& session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
               CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len);
CK_RV unwrap_key(Session& session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
                 CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attributes,
                 CK_ULONG count, CK_OBJECT_HANDLE* key);
CK_RV derive_key(Session& session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key,
                 CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE* key);

// random.cc
CK_RV seed_random(Session& session, CK_BYTE_PTR seed, CK_ULONG seed_len);
CK_RV generate_random(Session& session, CK_BYTE_PTR random, CK_ULONG random_len);

}  // namespace trent::pkcs11
