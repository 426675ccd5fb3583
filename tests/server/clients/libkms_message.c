// SPDX-License-Identifier: Apache-2.0
// MongoDB's client, which has requests for Encrypt and Decrypt only and a signer of its own. It
// leaves the connection to its user. The argument is a key.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kms_message/kms_b64.h>
#include <kms_message/kms_message.h>
#include <kms_message/kms_response_parser.h>

static void give_up(const char* what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static int connect_to_server(unsigned short port) {
  struct sockaddr_in address;
  int file = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (file < 0 || connect(file, (struct sockaddr*)&address, sizeof address) != 0)
    give_up("no connection");
  return file;
}

// The body of the answer to a signed request.
static char* call(kms_request_t* request, const char* secret, int expected_status) {
  unsigned short port = (unsigned short)atoi(strrchr(getenv("AWS_ENDPOINT_URL_KMS"), ':') + 1);
  char host[32];
  char *text, *body;
  size_t length;
  int file = connect_to_server(port);
  kms_response_parser_t* parser = kms_response_parser_new();
  kms_response_t* response;

  snprintf(host, sizeof host, "127.0.0.1:%d", port);
  if (!kms_request_add_header_field(request, "Host", host) ||
      !kms_request_set_region(request, getenv("AWS_REGION")) ||
      !kms_request_set_service(request, "kms") ||
      !kms_request_set_access_key_id(request, getenv("AWS_ACCESS_KEY_ID")) ||
      !kms_request_set_secret_key(request, secret) ||
      (text = kms_request_get_signed(request)) == NULL)
    give_up(kms_request_get_error(request));
  if (write(file, text, strlen(text)) != (ssize_t)strlen(text)) give_up("not sent");
  kms_request_free_string(text);
  kms_request_destroy(request);

  for (int wanted; (wanted = kms_response_parser_wants_bytes(parser, 512)) > 0;) {
    uint8_t buffer[512];
    ssize_t size = read(file, buffer, (size_t)wanted);
    if (size <= 0 || !kms_response_parser_feed(parser, buffer, (uint32_t)size))
      give_up("no answer");
  }
  if (kms_response_parser_status(parser) != expected_status) give_up("another status");
  response = kms_response_parser_get_response(parser);
  body = strdup(kms_response_get_body(response, &length));
  kms_response_destroy(response);
  kms_response_parser_destroy(parser);
  close(file);
  return body;
}

// The string `name` of a flat JSON object.
static char* member(const char* body, const char* name) {
  char pattern[64];
  const char* start;
  snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
  if ((start = strstr(body, pattern)) == NULL) give_up(body);
  start += strlen(pattern);
  return strndup(start, strcspn(start, "\""));
}

static size_t decode(const char* text, uint8_t* out, size_t capacity) {
  int size = kms_message_b64_pton(text, out, capacity);
  if (size < 0) give_up("no Base64");
  return (size_t)size;
}

int main(int argc, char** argv) {
  static const char kPlaintext[] = "the secret";
  const char* secret = getenv("AWS_SECRET_ACCESS_KEY");
  const char* key = argc == 2 ? argv[1] : "";
  kms_request_opt_t* options = kms_request_opt_new();
  uint8_t blob[1024], plaintext[64];
  size_t blob_size, plaintext_size;
  char* body;

  kms_message_init();
  kms_request_opt_set_connection_close(options, true);
  body = call(kms_encrypt_request_new((const uint8_t*)kPlaintext, strlen(kPlaintext), key, options),
              secret, 200);
  blob_size = decode(member(body, "CiphertextBlob"), blob, sizeof blob);
  body = call(kms_decrypt_request_new(blob, blob_size, options), secret, 200);
  plaintext_size = decode(member(body, "Plaintext"), plaintext, sizeof plaintext);
  printf("%.*s\n", (int)plaintext_size, (const char*)plaintext);

  body = call(kms_encrypt_request_new((const uint8_t*)kPlaintext, strlen(kPlaintext),
                                      "alias/nobody", options),
              secret, 400);
  printf("%s\n", member(body, "__type"));
  blob[blob_size - 1] ^= 1;
  body = call(kms_decrypt_request_new(blob, blob_size, options), secret, 400);
  printf("%s\n", member(body, "__type"));
  body = call(kms_decrypt_request_new(blob, blob_size, options), "wrong", 400);
  printf("%s\n", member(body, "__type"));
  kms_request_opt_destroy(options);
  kms_message_cleanup();
  return 0;
}
