// SPDX-License-Identifier: Apache-2.0
// The HTTP client: addresses, answers of every kind, deadlines, connections that are kept.
#include "server/http_client.h"

#include <atomic>
#include <optional>

#include "canned_server.h"
#include "check.h"

namespace {

using namespace trent;
using namespace trent::server;
using test::CannedServer;
using Kind = HttpFailure::Kind;
using Then = CannedServer::Reply::Then;

void addresses() {
  const auto check = [](const char* text, ServerAddress::Scheme scheme, const char* host, int port,
                        const char* authority) {
    const ServerAddress address = parse_server_address(text);
    CHECK(address.scheme == scheme);
    CHECK_EQ(address.host, host);
    CHECK_EQ(int{address.port}, port);
    CHECK_EQ(address.authority(), authority);
    CHECK_EQ(address.text, text);
  };
  using enum ServerAddress::Scheme;
  check("http://127.0.0.1:8080", Http, "127.0.0.1", 8080, "127.0.0.1:8080");
  check("http://localhost", Http, "localhost", 80, "localhost");
  check("https://kms.eu-central-1.amazonaws.com/", Https, "kms.eu-central-1.amazonaws.com", 443,
        "kms.eu-central-1.amazonaws.com");
  check("https://host:80", Https, "host", 80, "host:80");
  check("http://[::1]:8080", Http, "::1", 8080, "[::1]:8080");
  check("https://[2001:db8::1]", Https, "2001:db8::1", 443, "[2001:db8::1]");
  check("unix:/run/trent/kms.sock", Unix, "", 0, "localhost");
  CHECK_EQ(parse_server_address("unix:a b").path, "a b");
}

void what_is_no_address() {
  const std::string nul("unix:/a\0b", 9);
  for (const std::string& text : {std::string(),
                                  std::string("unix:"),
                                  "unix:/" + std::string(107, 'a'),
                                  nul,
                                  std::string("127.0.0.1:8080"),
                                  std::string("ftp://host"),
                                  std::string("HTTP://host"),
                                  std::string("http:/host"),
                                  std::string("http://"),
                                  std::string("http://:80"),
                                  std::string("http://host:"),
                                  std::string("http://host:0"),
                                  std::string("http://host:65536"),
                                  std::string("http://host:80x"),
                                  std::string("http://host:+80"),
                                  std::string("http://host:-1"),
                                  std::string("http://host/path"),
                                  std::string("http://host?query"),
                                  std::string("http://user:secret@host"),
                                  std::string("http://host:80/x"),
                                  std::string("http://[::1"),
                                  std::string("http://[]"),
                                  std::string("http://[host]"),
                                  std::string("http://::1"),
                                  std::string("http://[::1]80"),
                                  std::string("http://a b"),
                                  std::string("http://a\r\nb"),
                                  std::string("http://host//")}) {
    try {
      parse_server_address(text);
    } catch (const std::invalid_argument& error) {
      CHECK(*error.what() != '\0');
      continue;
    }
    test::fail_at(__FILE__, __LINE__, "an address: " + text);
  }
}

Request request() {
  return {.method = "POST", .target = "/", .headers = {{"host", "localhost"}}, .body = "{}"};
}

ClientOptions impatient() {
  ClientOptions options;
  options.patience = std::chrono::milliseconds(300);
  options.body_bytes = 1000;
  return options;
}

// Nothing if there was an answer, which is in `answer`.
std::optional<Kind> failure_of(HttpClient& client, Answer* answer = nullptr) {
  try {
    Answer got = client.send(request());
    if (answer != nullptr) *answer = std::move(got);
    return std::nullopt;
  } catch (const HttpFailure& failure) {
    CHECK(*failure.what() != '\0');
    return failure.kind();
  }
}

std::optional<Kind> failure_of(const CannedServer::Reply& reply, Answer* answer = nullptr) {
  CannedServer server([&](const std::string&) { return reply; });
  HttpClient client(parse_server_address(server.url()), impatient());
  return failure_of(client, answer);
}

void a_request_and_its_answer() {
  std::string seen;
  CannedServer server([&](const std::string& text) -> CannedServer::Reply {
    seen = text;
    return {"HTTP/1.1 400 Bad Request\r\nContent-Type: a/b\r\nContent-Length: 3\r\n\r\nabc",
            Then::Close};
  });
  HttpClient client(parse_server_address(server.url()));
  const Answer answer = client.send(request());
  CHECK_EQ(answer.status, 400);
  CHECK_EQ(answer.content_type, "a/b");
  CHECK_EQ(std::string(answer.body), "abc");
  CHECK_EQ(seen, "POST / HTTP/1.1\r\nhost: localhost\r\nContent-Length: 2\r\n\r\n{}");
}

void answers_of_every_kind() {
  struct Case {
    std::string bytes;
    std::optional<Kind> failure;
    std::string body;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Case cases[] = {
      {ok + "Content-Length: 0\r\n\r\n", {}, ""},
      {ok + "\r\nuntil the end", {}, "until the end"},
      {"HTTP/1.0 200 OK\r\n\r\nold", {}, "old"},
      {ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", {}, "abc"},
      {ok + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x'), {}, std::string(1000, 'x')},
      {"", Kind::Unanswered, ""},
      {"HT", Kind::Unanswered, ""},
      {ok + "Content-Length: 5\r\n\r\nabc", Kind::Unanswered, ""},
      {ok + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x'), Kind::NotHttp, ""},
      {ok + "\r\n" + std::string(1001, 'x'), Kind::NotHttp, ""},
      {ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", Kind::NotHttp, ""},
      {ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", Kind::NotHttp, ""},
      {ok + "Content-Length: -1\r\n\r\n", Kind::NotHttp, ""},
      {ok + "X: " + std::string(100'000, 'x') + "\r\n\r\n", Kind::NotHttp, ""},
      {"<html>what?</html>\r\n\r\n", Kind::NotHttp, ""},
      {"SSH-2.0-OpenSSH_9.2\r\n", Kind::NotHttp, ""},
      {std::string(64, '\0'), Kind::NotHttp, ""},
      {"HTTP/9.9 200 OK\r\n\r\n", Kind::NotHttp, ""},
      {"HTTP/1.1 99999 OK\r\n\r\n", Kind::NotHttp, ""},
  };
  for (const Case& each : cases) {
    Answer answer;
    const auto failure = failure_of({each.bytes, Then::Close}, &answer);
    if (failure != each.failure || std::string(answer.body) != each.body)
      test::fail_at(__FILE__, __LINE__, "for " + each.bytes.substr(0, 100));
  }
}

void a_deadline() {
  CHECK(failure_of({"", Then::Silence}) == Kind::Late);
  CHECK(failure_of({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", Then::Silence}) == Kind::Late);
}

void nobody_there() {
  HttpClient client(parse_server_address("unix:/nowhere/socket"), impatient());
  CHECK(failure_of(client) == Kind::Unreachable);
  HttpClient network(parse_server_address("http://127.0.0.1:1"), impatient());
  CHECK(failure_of(network) == Kind::Unreachable);
}

void connections_are_kept() {
  std::atomic<int> requests = 0;
  const std::string empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  CannedServer server([&](const std::string&) -> CannedServer::Reply {
    // The third request finds the connection closed.
    return {empty, ++requests == 2 ? Then::Close : Then::Keep};
  });
  HttpClient client(parse_server_address(server.url()), impatient());
  CHECK(!failure_of(client));
  CHECK(!failure_of(client));
  // If it does not notice in time, the request after it has a new connection.
  const auto failure = failure_of(client);
  CHECK(!failure || *failure == Kind::NotSent || *failure == Kind::Unanswered);
  CHECK(!failure_of(client));
  CHECK_EQ(requests.load(), failure ? 3 : 4);
}

// What comes behind an answer is not taken for the next one.
void bytes_behind_an_answer() {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
  std::atomic<int> requests = 0;
  CannedServer server([&](const std::string&) -> CannedServer::Reply {
    return {answer + std::to_string(++requests) + answer + "9", Then::Keep};
  });
  HttpClient client(parse_server_address(server.url()), impatient());
  for (const char* number : {"1", "2"}) {
    Answer got;
    CHECK(!failure_of(client, &got));
    CHECK_EQ(std::string(got.body), number);
  }
}

}  // namespace

int main() {
  return RUN_TESTS("http client", TEST(addresses), TEST(what_is_no_address),
                   TEST(a_request_and_its_answer), TEST(answers_of_every_kind), TEST(a_deadline),
                   TEST(nobody_there), TEST(connections_are_kept), TEST(bytes_behind_an_answer));
}
