// SPDX-License-Identifier: Apache-2.0
// The store for kms: URIs. "kms:" lists all keys, but is no key; "kms:NAME" loads one, where NAME
// is anything that KMS takes as a KeyId.
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>

#include <vector>

#include "base/error.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/params.h"
#include "provider/pin_prompt.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

struct Store {
  Provider& provider;
  std::string name;         // empty: all keys
  bool key_wanted = false;  // by whoever loads one key, and uses it
  bool public_only = false;
  bool end = false;
  bool failed = false;             // at the last load
  std::optional<Error> refused{};  // a parameter
  // Of a listing: the page that is being handed out, the next entry first.
  std::vector<kms::KeyListEntry> page{};
  std::optional<std::string> marker{};  // of the page after it

  const Core& core() const { return provider.core(); }
};

Store& as_store(void* loaderctx) {
  return *static_cast<Store*>(loaderctx);
}

// Reads neither configuration nor token: OpenSSL would put the error of the file store, which it
// asks first, before ours. load() is the place for errors.
void* open(void* provctx, const char* uri) {
  Provider& provider = from_context(provctx);
  return make<Store>(provider.core(), "OSSL_STORE_open", provider, name_in_uri(uri));
}

const OSSL_PARAM* settable_ctx_params(void*) {
  // OpenSSL acts on the properties itself, but wants the store to take them.
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, nullptr),
      OSSL_PARAM_utf8_string(OSSL_STORE_PARAM_PROPERTIES, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_STORE_PARAM_INPUT_TYPE, nullptr, 0), OSSL_PARAM_END};
  return params;
}

int set_ctx_params(void* loaderctx, const OSSL_PARAM params[]) {
  Store& store = as_store(loaderctx);
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
  if (p == nullptr) return 1;
  return guarded(store.core(), "OSSL_STORE_expect", [&] {
    std::uint64_t expect = 0;
    try {
      expect = get_number(*p);
    } catch (const Error& error) {
      // For load(): where this fails, OSSL_STORE_open_ex() of OpenSSL 3.0 hands out a store whose
      // parts it has freed.
      store.refused = error;
    }
    // OpenSSL drops what is not of the kind that it expects, and judges by keymgmt's has().
    store.public_only = expect == OSSL_STORE_INFO_PUBKEY;
    store.key_wanted = store.public_only || expect == OSSL_STORE_INFO_PKEY;
    store.end = expect != 0 && !store.key_wanted;
  });
}

// The next key of the listing; nullopt after the last.
std::optional<kms::KeyListEntry> next_of_listing(Store& store, kms::Service& service) {
  if (store.page.empty()) {
    kms::ListKeysResponse response = service.call(kms::ListKeysRequest{1000, store.marker});
    store.page.assign(response.keys.rbegin(), response.keys.rend());
    store.marker.reset();
    if (response.truncated) store.marker = response.next_marker;
  }
  if (store.page.empty()) return std::nullopt;
  kms::KeyListEntry entry = std::move(store.page.back());
  store.page.pop_back();
  return entry;
}

int load(void* loaderctx, OSSL_CALLBACK* take, void* taker, OSSL_PASSPHRASE_CALLBACK* passphrase,
         void* passphrase_argument) {
  Store& store = as_store(loaderctx);
  // Whatever fails from here on, OpenSSL would ask for it again for ever if this were not the end.
  store.end = true;
  const int loaded = guarded(store.core(), "OSSL_STORE_load", [&] {
    if (store.refused) throw Error(*store.refused);
    // "kms:$NAME" of a script in which NAME is not set: any key would be the wrong one.
    if (store.name.empty() && store.key_wanted)
      throw Error(
          ErrorCode::Validation, "The URI kms: names no key.",
          "Write the key's id, ARN or alias behind it; `openssl storeutl kms:` lists them.");
    const PassphraseScope prompt(passphrase, passphrase_argument);
    const std::shared_ptr<kms::Service> service = store.provider.service();
    if (store.name.empty()) {
      const auto found = next_of_listing(store, *service);
      if (!found) return;
      hand_out(describe_key(store.core(), service, found->key_arn, !store.public_only), take,
               taker);
      store.end = store.page.empty() && !store.marker;
    } else {
      hand_out(describe_key(store.core(), service, store.name, !store.public_only), take, taker);
    }
  });
  store.failed = loaded != 1;
  return loaded;
}

int eof(void* loaderctx) {
  Store& store = as_store(loaderctx);
  // `openssl storeutl` forgets an error that is followed by the end at once, and exits with 0. So
  // the end comes at the second question; OpenSSL asks once more before it loads.
  if (store.failed) {
    store.failed = false;
    return 0;
  }
  return store.end;
}

int close(void* loaderctx) {
  delete static_cast<Store*>(loaderctx);
  return 1;
}

// No export_object: where it exists and succeeds, OpenSSL puts what it exports into another
// provider's key and forgets ours.

}  // namespace

const OSSL_DISPATCH store_functions[] = {
    entry<OSSL_FUNC_store_open_fn>(OSSL_FUNC_STORE_OPEN, open),
    entry<OSSL_FUNC_store_settable_ctx_params_fn>(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS,
                                                  settable_ctx_params),
    entry<OSSL_FUNC_store_set_ctx_params_fn>(OSSL_FUNC_STORE_SET_CTX_PARAMS, set_ctx_params),
    entry<OSSL_FUNC_store_load_fn>(OSSL_FUNC_STORE_LOAD, load),
    entry<OSSL_FUNC_store_eof_fn>(OSSL_FUNC_STORE_EOF, eof),
    entry<OSSL_FUNC_store_close_fn>(OSSL_FUNC_STORE_CLOSE, close),
    {0, nullptr}};

}  // namespace trent::provider
