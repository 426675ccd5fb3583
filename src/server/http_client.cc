// SPDX-License-Identifier: Apache-2.0
// The HTTP client, on Boost.Beast.
#include "server/http_client.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/ssl.hpp>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/openssl.h"
#include "server/beast.h"

namespace trent::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Kind = HttpFailure::Kind;

using Address = asio::generic::stream_protocol::endpoint;
using Body = http::basic_string_body<char, std::char_traits<char>, CleansingAllocator<char>>;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;
using TlsStream = beast::ssl_stream<Stream>;

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

std::uint16_t port_of(ServerAddress::Scheme scheme) {
  return scheme == ServerAddress::Scheme::Https ? kHttpsPort : kHttpPort;
}

bool is_ip_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

std::vector<Address> addresses_of(asio::io_context& io, const ServerAddress& server) {
  if (server.scheme == ServerAddress::Scheme::Unix)
    return {asio::local::stream_protocol::endpoint(server.path)};
  error_code error;
  if (const auto address = asio::ip::make_address(server.host, error); !error)
    return {asio::ip::tcp::endpoint(address, server.port)};
  // The system's resolver has deadlines of its own, and cannot be interrupted.
  const auto found =
      asio::ip::tcp::resolver(io).resolve(server.host, std::to_string(server.port), error);
  if (error) throw HttpFailure(Kind::Unreachable, error.message());
  std::vector<Address> addresses;
  for (const auto& entry : found) addresses.emplace_back(entry.endpoint());
  return addresses;
}

// In Trent's own context, so that no openssl.cnf has a say in it, which may load Trent as a
// provider.
asio::ssl::context make_tls(const std::string& ca_file) {
  SSL_CTX* raw = SSL_CTX_new_ex(private_libctx(), nullptr, TLS_client_method());
  if (raw == nullptr) throw HttpFailure(Kind::Unreachable, "TLS is not available");
  asio::ssl::context context(raw);
  restrict_tls(raw);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  error_code error;
  if (ca_file.empty())
    context.set_default_verify_paths(error);
  else
    context.load_verify_file(ca_file, error);
  if (error)
    throw HttpFailure(Kind::Unreachable,
                      "the certificates in " + ca_file + " cannot be used: " + error.message());
  return context;
}

// Before a byte of the answer is there, an end is one of the connection.
bool is_end(const error_code& error) {
  return error == http::error::end_of_stream || error == http::error::partial_message ||
         error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
         error.category() == boost::system::system_category();
}

}  // namespace

std::string ServerAddress::authority() const {
  if (scheme == Scheme::Unix) return "localhost";
  const std::string name = host.find(':') == host.npos ? host : "[" + host + "]";
  return port == port_of(scheme) ? name : name + ":" + std::to_string(port);
}

ServerAddress parse_server_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  ServerAddress address;
  address.text = text;
  if (text.starts_with(kUnix)) {
    address.scheme = ServerAddress::Scheme::Unix;
    address.path = text.substr(kUnix.size());
    if (address.path.empty()) throw std::invalid_argument("it has no path");
    if (address.path.size() >= sizeof sockaddr_un::sun_path)
      throw std::invalid_argument("the path is too long for a Unix socket (107 characters)");
    if (address.path.find('\0') != address.path.npos)
      throw std::invalid_argument("the path has a character that none may have");
    return address;
  }
  if (text.starts_with(kHttps))
    address.scheme = ServerAddress::Scheme::Https;
  else if (!text.starts_with(kHttp))
    throw std::invalid_argument("it begins in another way");
  std::string_view rest = text.substr(text.find("//") + 2);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view host =
      rest.substr(0, rest.starts_with('[') ? rest.find(']') + 1 : rest.find(':'));
  std::string_view port = rest.substr(host.size());
  const bool has_brackets = host.starts_with('[');
  if (has_brackets) host = host.substr(1, host.size() - 2);
  address.host = host;
  if (host.empty()) throw std::invalid_argument("it has no host");
  // Also a user's name, a path or a query.
  constexpr std::string_view kOfNames =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  if (has_brackets ? !is_ip_address(address.host) : host.find_first_not_of(kOfNames) != host.npos)
    throw std::invalid_argument("its host is no name or IP address, or more follows");
  address.port = port_of(address.scheme);
  if (port.empty()) return address;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port == 0)
    throw std::invalid_argument("it has no port from 1 to 65535");
  return address;
}

class HttpClient::Connection {
 public:
  Connection(const ServerAddress& server, const ClientOptions& options)
      : deadline_(std::chrono::steady_clock::now() + options.patience) {
    if (server.scheme == ServerAddress::Scheme::Https) {
      tls_.emplace(make_tls(options.ca_file));
      stream_.emplace<TlsStream>(io_, *tls_);
    } else {
      stream_.emplace<Stream>(io_);
    }
    connect(server);
    if (tls_) shake_hands(std::get<TlsStream>(stream_), server.host);
  }

  // False once the server has said that it closes the connection.
  bool is_kept() const { return is_kept_; }
  // False if it has closed it since, or sent what nobody has asked for.
  bool is_quiet() {
    char byte = 0;
    return ::recv(socket().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           errno == EAGAIN;
  }

  Answer exchange(const Request& request, const ClientOptions& options, bool is_new) {
    // The time that connecting took counts.
    if (!is_new) deadline_ = std::chrono::steady_clock::now() + options.patience;
    return tls_ ? exchange(std::get<TlsStream>(stream_), request, options)
                : exchange(std::get<Stream>(stream_), request, options);
  }

 private:
  Stream& socket() {
    return tls_ ? beast::get_lowest_layer(std::get<TlsStream>(stream_)) : std::get<Stream>(stream_);
  }

  // Beast has deadlines for asynchronous operations only: `start` begins one, and this waits for
  // it.
  template <class Start>
  error_code wait(Start start) {
    error_code result;
    socket().expires_at(deadline_);
    start([&result](error_code error, auto&&...) { result = error; });
    io_.restart();
    io_.run();
    return result;
  }

  void connect(const ServerAddress& server) {
    error_code error = asio::error::host_not_found;
    for (const Address& address : addresses_of(io_, server)) {
      error = wait([&](auto handler) { socket().async_connect(address, std::move(handler)); });
      if (!error) break;
      if (error == beast::error::timeout) throw HttpFailure(Kind::Unreachable, "it takes too long");
      socket().close();
    }
    if (error) throw HttpFailure(Kind::Unreachable, error.message());
    if (server.scheme != ServerAddress::Scheme::Unix)
      socket().socket().set_option(asio::ip::tcp::no_delay(true), error);
  }

  void shake_hands(TlsStream& stream, const std::string& host) {
    SSL* ssl = stream.native_handle();
    const bool is_set =
        is_ip_address(host)
            ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1
            : SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str());
    if (!is_set) throw HttpFailure(Kind::Unreachable, "no certificate can have this name");
    const error_code error = wait([&](auto handler) {
      stream.async_handshake(asio::ssl::stream_base::client, std::move(handler));
    });
    if (!error) return;
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK)
      throw HttpFailure(Kind::Unreachable,
                        std::string("its certificate is not trusted (") +
                            X509_verify_cert_error_string(verdict) +
                            "); AWS_CA_BUNDLE may name the file of its authority");
    throw HttpFailure(Kind::Unreachable, error == beast::error::timeout
                                             ? "it takes too long"
                                             : "the TLS handshake failed: " + error.message());
  }

  template <class S>
  Answer exchange(S& stream, const Request& request, const ClientOptions& options) {
    http::request<Body> message(http::string_to_verb(request.method), request.target, 11);
    for (const Header& header : request.headers) message.insert(header.name, header.value);
    message.body() = request.body;
    message.prepare_payload();
    error_code error =
        wait([&](auto handler) { http::async_write(stream, message, std::move(handler)); });
    if (error == beast::error::timeout)
      throw HttpFailure(Kind::Late, "the server takes no more of it");
    if (error) throw HttpFailure(Kind::NotSent, error.message());

    http::response_parser<Body> parser;
    parser.body_limit(options.body_bytes);
    error =
        wait([&](auto handler) { http::async_read(stream, buffer_, parser, std::move(handler)); });
    if (error == beast::error::timeout) throw HttpFailure(Kind::Late, "no answer in time");
    if (error && is_end(error)) throw HttpFailure(Kind::Unanswered, error.message());
    if (error) throw HttpFailure(Kind::NotHttp, error.message());
    auto& response = parser.get();
    // What nobody has asked for must not be taken for the next answer.
    is_kept_ = response.keep_alive() && buffer_.size() == 0;
    return {static_cast<int>(response.result_int()),
            std::string(response[http::field::content_type]), std::move(response.body())};
  }

  asio::io_context io_{1};
  std::optional<asio::ssl::context> tls_;
  std::variant<std::monostate, Stream, TlsStream> stream_;
  Buffer buffer_;
  std::chrono::steady_clock::time_point deadline_;
  bool is_kept_ = true;
};

HttpClient::HttpClient(ServerAddress address, ClientOptions options)
    : address_(std::move(address)), options_(std::move(options)) {}
HttpClient::~HttpClient() = default;

Answer HttpClient::send(const Request& request) {
  // One that fails leaves nothing that could be used.
  std::unique_ptr<Connection> connection = std::move(connection_);
  if (connection != nullptr && !connection->is_quiet()) connection.reset();
  const bool is_new = connection == nullptr;
  if (is_new) connection = std::make_unique<Connection>(address_, options_);
  Answer answer = connection->exchange(request, options_, is_new);
  if (connection->is_kept()) connection_ = std::move(connection);
  return answer;
}

}  // namespace trent::server
