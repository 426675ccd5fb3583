// SPDX-License-Identifier: Apache-2.0
// The HTTP server, on Boost.Beast.
#include "server/http.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <ctime>
#include <deque>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/utc.h"
#include "server/beast.h"

namespace trent::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
// Of the one event loop, so that nobody asks which it is.
using Socket =
    asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;
using TlsSocket = asio::ssl::stream<Socket>;

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// IMF-fixdate of RFC 9110, written once a second: clients set their clock by it.
class HttpDate {
 public:
  std::string_view now() {
    const std::time_t now = std::time(nullptr);
    if (now != second_) text_ = format_utc(now, "%a, %d %b %Y %H:%M:%S GMT");
    second_ = now;
    return text_;
  }

 private:
  std::time_t second_ = -1;
  std::string text_;
};

// Writes the bytes of the response. By hand, for the library makes ten allocations of the head; and
// in one piece, for that is what the kernel and TLS take the fastest.
void put_response(SecretString& out, const Response& response, std::string_view date, int version,
                  bool keep_alive) {
  constexpr int kVersion11 = 11;
  constexpr std::size_t kHead = 512;
  const auto status = static_cast<unsigned>(response.status);
  out.reserve(kHead + response.body.size());
  out.append(version == kVersion11 ? "HTTP/1.1 " : "HTTP/1.0 ");
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  out.append(std::to_string(status)).append(" ");
  out.append(std::string_view(http::obsolete_reason(http::int_to_status(status)))).append("\r\n");
  for (const Header& header : response.headers) add(header.name, header.value);
  add("Date", date);
  if (!keep_alive) add("Connection", "close");
  if (keep_alive && version != kVersion11) add("Connection", "keep-alive");
  add("Content-Length", std::to_string(response.body.size()));
  out.append("\r\n").append(response.body);
}

int status_of(const error_code& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::partial_message) return 408;
  return 400;
}

// Whether what failed is the request, and not the connection.
bool is_of_request(const error_code& error) {
  return error.category() == make_error_code(http::error::bad_method).category();
}

// Makes a Request of what is read. The library's own parsers make a message of theirs first.
class RequestParser final : public http::basic_parser<true> {
 public:
  explicit RequestParser(const Limits& limits) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    body_limit(limits.body_bytes);
  }

  Request request;
  int version = 0;  // 10 or 11

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int its_version, error_code&) override {
    request.method = method;
    request.target = target;
    version = its_version;
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     error_code&) override {
    // What follows a chunked body is no header.
    if (!is_header_read_) request.headers.push_back({lower_case(name), std::string(value)});
  }
  void on_header_impl(error_code&) override { is_header_read_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) request.body.reserve(*length);
  }
  std::size_t on_body_impl(beast::string_view part, error_code&) override {
    request.body.append(part);
    return part.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view extension,
                            error_code& error) override {
    // No client sends one, and two readers may not agree on where it ends.
    if (!extension.empty()) error = http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view part, error_code&) override {
    request.body.append(part);
    return part.size();
  }
  void on_finish_impl(error_code&) override {}

  bool is_header_read_ = false;
};

std::vector<std::string> names_of_certificate(SSL* ssl) {
  std::vector<std::string> names;
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl),
                                                                X509_free);
  if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) return names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> found(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; found && i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
    const char* prefix = name->type == GEN_DNS     ? "DNS:"
                         : name->type == GEN_URI   ? "URI:"
                         : name->type == GEN_EMAIL ? "email:"
                                                   : nullptr;
    if (prefix == nullptr) continue;
    const ASN1_STRING* text = name->d.ia5;
    const std::string_view value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                 static_cast<std::size_t>(ASN1_STRING_length(text)));
    // A NUL within would make another name of it for whoever reads it as C does.
    if (value.find('\0') == value.npos) names.push_back(prefix + std::string(value));
  }
  return names;
}

// From here on no certificate is taken without a list of its issuer that has not expired.
void check_revocation(SSL_CTX* context, const std::string& path) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  const bool loaded =
      lookup != nullptr && X509_load_crl_file(lookup, path.c_str(), X509_FILETYPE_PEM) > 0;
  ERR_clear_error();
  if (!loaded)
    throw Error(
        ErrorCode::Validation,
        "The list of revoked client certificates " + path + " cannot be used.",
        "Give a PEM file with a CRL of each authority, as by `openssl ca -gencrl`, that this "
        "user can read.")
        .in_configuration();
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

std::unique_ptr<asio::ssl::context> make_tls(const Tls& tls) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* raw = context->native_handle();
  const auto refuse = [](const std::string& what, const std::string& path,
                         const error_code& error) {
    throw Error(ErrorCode::Validation,
                "The " + what + " " + path + " cannot be used: " + error.message() + ".",
                "Give a PEM file that this user can read, and the key that belongs to the "
                "certificate.")
        .in_configuration();
  };
  restrict_tls(raw);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  // A session may come back to another process, which cannot resume it.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  error_code error;
  if (context->use_certificate_chain_file(tls.certificate, error); error)
    refuse("certificate", tls.certificate, error);
  if (context->use_private_key_file(tls.key, asio::ssl::context::pem, error); error)
    refuse("key", tls.key, error);
  if (!tls.client_ca.empty()) {
    if (context->load_verify_file(tls.client_ca, error); error)
      refuse("certificate of the clients' authority", tls.client_ca, error);
    if (!tls.client_crl.empty()) check_revocation(raw, tls.client_crl);
    // A client without a certificate may have another way in.
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    // A session that is resumed is not verified again: a certificate would outlive its end.
    SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(raw, 0);
  }
  return context;
}

std::string address_of(const sockaddr_storage& address, socklen_t size) {
  if (address.ss_family == AF_UNIX) return "unix";
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET && size >= sizeof(sockaddr_in))
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(),
              text.size());
  else if (address.ss_family == AF_INET6 && size >= sizeof(sockaddr_in6))
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text.data(),
              text.size());
  return text.data();
}

}  // namespace

class HttpServer::State {
 public:
  State(const Limits& server_limits, Handler server_handler, Refusal server_refusal)
      : limits(server_limits),
        handler(std::move(server_handler)),
        refusal(std::move(server_refusal)) {}
  // Connections that are still open go with the event loop, after the timers.
  ~State() { draining = false; }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // A connection as the server sees it, with TLS or without.
  class AnyConnection {
   public:
    virtual ~AnyConnection() = default;
    virtual void drain() = 0;
  };
  template <class S>
  class Connection;

  struct Door {
    Door(asio::io_context& io, const Listener& listener)
        : socket(io, listener.descriptor),
          wait(io),
          tls(listener.tls ? make_tls(*listener.tls) : nullptr) {}
    ~Door() { socket.release(); }
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    asio::posix::stream_descriptor socket;
    asio::steady_timer wait;
    std::unique_ptr<asio::ssl::context> tls;
  };
  struct Periodic {
    asio::steady_timer timer;
    std::chrono::milliseconds interval;
    std::function<void()> function;
  };

  void wait_for_connection(std::size_t index);
  void wait_for_turn(std::size_t index, std::chrono::milliseconds duration, bool take_it_then);
  void accept(std::size_t index);
  void wait_for(Periodic& each);
  void ended(AnyConnection* connection);

  const Limits limits;
  const Handler handler;
  const Refusal refusal;
  std::function<bool()> may_accept;
  std::unordered_set<AnyConnection*> connections;
  asio::io_context io{1};
  std::vector<std::unique_ptr<Door>> doors;
  std::deque<Periodic> periodic;
  asio::steady_timer patience{io};
  HttpDate date;
  bool draining = false;
  Idle idle = Idle::Serve;
};

// One connection: requests that come one after the other.
template <class S>
class HttpServer::State::Connection final
    : public AnyConnection,
      public std::enable_shared_from_this<HttpServer::State::Connection<S>> {
 public:
  Connection(State& state, std::size_t listener, S stream, Peer peer)
      : state_(state), listener_(listener), stream_(std::move(stream)), peer_(std::move(peer)) {
    state_.connections.insert(this);
  }
  ~Connection() override { state_.ended(this); }

  void start() {
    if constexpr (kIsTls) {
      end_within(state_.limits.request);
      stream_.async_handshake(asio::ssl::stream_base::server, as_handler([this](error_code error) {
                                if (error) return;
                                peer_.is_encrypted = true;
                                peer_.certificate_names =
                                    names_of_certificate(stream_.native_handle());
                                wait_for_request(state_.limits.request);
                              }));
    } else {
      wait_for_request(state_.limits.request);
    }
  }

  void drain() override {
    if (!is_idle_ || state_.idle != Idle::Close) return;
    // The first request of a new client is on its way. Between two requests every client is
    // prepared for a connection that ends.
    constexpr std::chrono::seconds kOnItsWay{1};
    if (is_new_) return end_within(kOnItsWay);
    close();
  }

 private:
  static constexpr bool kIsTls = std::is_same_v<S, TlsSocket>;
  static constexpr std::size_t kMaxBuffer = std::size_t{128} * 1024;
  // What a connection keeps to read into and to write from. For each block of more than a KiB that
  // is allocated, malloc() tidies all the small ones up, which costs the token more than the block.
  static constexpr std::size_t kBlock = 4096;

  // For as long as an operation is under way, the connection lives.
  template <class F>
  auto as_handler(F function) {
    return [self = this->shared_from_this(), function = std::move(function)](
               error_code error, std::size_t = 0) mutable { function(error); };
  }
  Socket& socket() { return beast::get_lowest_layer(stream_); }
  // What is under way fails.
  void close() {
    error_code ignored;
    socket().close(ignored);
  }

  // After that long the connection is closed, unless it has got another deadline meanwhile.
  void end_within(std::chrono::milliseconds patience) {
    deadline_ = Clock::now() + patience;
    if (deadline_ < rings_) set_alarm();
  }
  void end_never() { deadline_ = Clock::time_point::max(); }
  // Deadlines move with every request. The timer does not: it finds out when it rings.
  void set_alarm() {
    rings_ = deadline_;
    alarm_.expires_at(rings_);
    alarm_.async_wait([connection = this->weak_from_this()](error_code error) {
      const auto self = connection.lock();
      if (error || !self) return;
      self->rings_ = Clock::time_point::max();
      if (self->deadline_ <= Clock::now()) return self->close();
      if (self->deadline_ != Clock::time_point::max()) self->set_alarm();
    });
  }

  void wait_for_request(std::chrono::milliseconds patience) {
    if (buffer_.size() > 0)  // it came together with the one before; others have their turn first
      return asio::post(state_.io, [self = this->shared_from_this()] { self->begin_request(); });
    wipe_input();
    is_idle_ = true;
    end_within(patience);
    stream_.async_read_some(buffer_.prepare(kBlock),
                            [self = this->shared_from_this()](error_code error, std::size_t size) {
                              self->is_idle_ = false;
                              if (error) return;
                              self->buffer_.commit(size);
                              self->begin_request();
                            });
  }

  // All that was read is taken in.
  void wipe_input() {
    if (buffer_.capacity() > kBlock) return buffer_.shrink_to_fit();  // which wipes it
    const auto all = buffer_.prepare(buffer_.capacity());
    OPENSSL_cleanse(all.data(), all.size());
  }

  void begin_request() {
    parser_.emplace(state_.limits);
    end_within(state_.limits.request);
    take_in();
  }

  // Takes in what was read, and reads on until the request is whole.
  void take_in() {
    while (!parser_->is_done()) {
      if (buffer_.size() == 0) return read_on();
      const bool had_header = parser_->is_header_done();
      error_code error;
      buffer_.consume(parser_->put(buffer_.data(), error));
      if (error == http::error::need_more) return read_on();
      if (error) return refuse(error);
      if (!had_header && parser_->is_header_done() && !take_header()) return;
    }
    hand_over();
  }

  void read_on() {
    constexpr std::size_t kMost = 65536;
    const std::size_t size = beast::read_size(buffer_, kMost);
    if (size == 0) return refuse(http::error::buffer_overflow);
    stream_.async_read_some(buffer_.prepare(size),
                            [self = this->shared_from_this()](error_code error, std::size_t read) {
                              if (error == asio::error::eof)
                                return self->refuse(http::error::partial_message);
                              if (error) return;
                              self->buffer_.commit(read);
                              self->take_in();
                            });
  }

  // False: the request is refused, or there is an answer to send before its body is read.
  bool take_header() {
    const Request& request = parser_->request;
    keep_alive_ = parser_->keep_alive();
    version_ = parser_->version;
    const auto refused = [this](int status, std::string_view reason) {
      refuse(status, reason);
      return false;
    };
    if (request.headers.size() > state_.limits.headers)
      return refused(431, "There are too many header fields.");
    // What the library takes, and another reader of the same bytes may take in another way.
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    for (const Header& header : request.headers) {
      hosts += header.name == "host" ? 1 : 0;
      lengths += header.name == "content-length" ? 1 : 0;
      if (header.name == "content-length" &&
          header.value.find_first_not_of("0123456789") != header.value.npos)
        return refused(400, "The Content-Length is no number.");
      if (header.name == "transfer-encoding" &&
          (lower_case(header.value) != "chunked" || version_ < 11))
        return refused(400, "The only transfer coding is chunked.");
    }
    if (lengths > 1) return refused(400, "There is more than one Content-Length.");
    if (hosts > 1 || (hosts == 0 && version_ >= 11))
      return refused(400, "There must be one Host header field.");
    const std::string* expected = request.header("expect");
    if (expected == nullptr || lower_case(*expected) != "100-continue" || parser_->is_done())
      return true;
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(kContinue), as_handler([this](error_code error) {
                        if (!error) take_in();
                      }));
    return false;
  }

  void hand_over() {
    end_never();
    Request request = std::move(parser_->request);
    parser_.reset();
    // The answer may come from another thread, which the event loop waits for.
    working_.emplace(state_.io.get_executor());
    state_.handler(
        std::move(request), peer_, listener_, [self = this->shared_from_this()](Response response) {
          asio::dispatch(self->state_.io, [self, response = std::move(response)]() mutable {
            self->working_.reset();
            self->write(response);
          });
        });
  }

  void refuse(const error_code& error) {
    if (is_of_request(error)) refuse(status_of(error), error.message());
  }
  void refuse(int status, std::string_view reason) {
    keep_alive_ = false;
    parser_.reset();
    write(state_.refusal(status, reason));
  }

  void write(const Response& response) {
    const bool keep = keep_alive_ && !state_.draining;
    put_response(out_, response, state_.date.now(), version_, keep);
    end_within(state_.limits.response);
    std::size_t sent = 0;
    // A socket nearly always has room for the whole answer, and then the event loop has nothing to
    // wait for. An error comes again.
    if constexpr (!kIsTls) {
      error_code ignored;
      sent = stream_.write_some(asio::buffer(std::as_const(out_)), ignored);
      if (sent == out_.size()) return written(keep);
    }
    asio::async_write(stream_, asio::buffer(std::as_const(out_)) + sent,
                      as_handler([this, keep](error_code error) {
                        if (!error) written(keep);
                      }));
  }

  void written(bool keep) {
    OPENSSL_cleanse(out_.data(), out_.size());
    out_.clear();
    if (out_.capacity() > kBlock) out_.shrink_to_fit();
    is_new_ = false;
    if (keep) return wait_for_request(state_.limits.idle);
    finish();
  }

  // Closed at once, with bytes unread, the connection would be reset, and the answer lost.
  void finish() {
    constexpr std::chrono::seconds kLinger{2};
    buffer_.clear();
    buffer_.shrink_to_fit();
    end_within(kLinger);
    if constexpr (kIsTls) {
      stream_.async_shutdown(as_handler([](error_code) {}));
    } else {
      error_code ignored;
      socket().shutdown(asio::socket_base::shutdown_send, ignored);
      discard(0);
    }
  }
  void discard(std::size_t so_far) {
    constexpr std::size_t kEnough = std::size_t{4} << 20;
    if (so_far > kEnough) return;
    constexpr std::size_t kMost = 65536;
    stream_.async_read_some(buffer_.prepare(kMost), [self = this->shared_from_this(), so_far](
                                                        error_code error, std::size_t size) {
      if (!error) self->discard(so_far + size);
    });
  }

  State& state_;
  const std::size_t listener_;
  S stream_;
  Peer peer_;
  asio::steady_timer alarm_{state_.io};
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point rings_ = Clock::time_point::max();
  // What is not read yet. A body is taken out of it piece by piece.
  Buffer buffer_{kMaxBuffer};
  std::optional<RequestParser> parser_;
  SecretString out_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> working_;
  bool is_idle_ = false;
  bool is_new_ = true;  // without an answer so far
  bool keep_alive_ = false;
  int version_ = 11;
};

void HttpServer::State::wait_for_connection(std::size_t index) {
  doors[index]->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                                  [this, index](error_code error) {
                                    if (error || draining) return;
                                    constexpr std::chrono::milliseconds kFull{20};
                                    constexpr std::chrono::milliseconds kTurn{2};
                                    if (connections.size() >= limits.connections)
                                      return wait_for_turn(index, kFull, false);
                                    if (may_accept && !may_accept())
                                      return wait_for_turn(index, kTurn, true);
                                    accept(index);
                                  });
}

void HttpServer::State::wait_for_turn(std::size_t index, std::chrono::milliseconds duration,
                                      bool take_it_then) {
  doors[index]->wait.expires_after(duration);
  doors[index]->wait.async_wait([this, index, take_it_then](error_code error) {
    if (error || draining) return;
    if (take_it_then)
      accept(index);
    else
      wait_for_connection(index);
  });
}

void HttpServer::State::accept(std::size_t index) {
  Door& door = *doors[index];
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int fd = ::accept4(door.socket.native_handle(), reinterpret_cast<sockaddr*>(&address),
                           &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    // Another process has taken it; or there is no room for one more, for now.
    constexpr std::chrono::milliseconds kRoom{100};
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return wait_for_turn(index, kRoom, false);
    return wait_for_connection(index);
  }
  const int family = address.ss_family == AF_UNSPEC ? AF_UNIX : address.ss_family;
  Socket socket(io, asio::generic::stream_protocol(family, 0), fd);
  socket.non_blocking(true);
  Peer peer{.address = address_of(address, size), .uid = {}, .certificate_names = {}};
  if (family == AF_UNIX) {
    peer.address = "unix";
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
      peer.uid = credentials.uid;
  } else {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (door.tls)
    std::make_shared<Connection<TlsSocket>>(*this, index, TlsSocket(std::move(socket), *door.tls),
                                            std::move(peer))
        ->start();
  else
    std::make_shared<Connection<Socket>>(*this, index, std::move(socket), std::move(peer))->start();
  wait_for_connection(index);
}

void HttpServer::State::wait_for(Periodic& each) {
  each.timer.expires_after(each.interval);
  each.timer.async_wait([this, &each](error_code error) {
    if (error || draining) return;
    each.function();
    wait_for(each);
  });
}

void HttpServer::State::ended(AnyConnection* connection) {
  connections.erase(connection);
  if (draining && connections.empty()) patience.cancel();
}

HttpServer::HttpServer(const std::vector<Listener>& listeners, const Limits& limits,
                       Handler handler, Refusal refusal)
    : state_(std::make_unique<State>(limits, std::move(handler), std::move(refusal))) {
  for (const Listener& listener : listeners)
    state_->doors.push_back(std::make_unique<State::Door>(state_->io, listener));
}

HttpServer::~HttpServer() = default;

void HttpServer::run() {
  for (std::size_t i = 0; i < state_->doors.size(); ++i) state_->wait_for_connection(i);
  for (State::Periodic& each : state_->periodic) state_->wait_for(each);
  state_->io.run();
}

void HttpServer::drain(Idle idle, std::chrono::milliseconds patience) {
  asio::post(state_->io, [state = state_.get(), idle, patience] {
    state->draining = true;
    state->idle = idle;
    for (const auto& door : state->doors) {
      door->socket.cancel();
      door->wait.cancel();
    }
    for (State::Periodic& each : state->periodic) each.timer.cancel();
    for (State::AnyConnection* connection : state->connections) connection->drain();
    if (state->connections.empty()) return;
    state->patience.expires_after(patience);
    state->patience.async_wait([state](error_code error) {
      if (!error) state->io.stop();
    });
  });
}

void HttpServer::every(std::chrono::milliseconds interval, std::function<void()> function) {
  state_->periodic.push_back({asio::steady_timer(state_->io), interval, std::move(function)});
}

std::size_t HttpServer::connections() const {
  return state_->connections.size();
}

void HttpServer::accept_if(std::function<bool()> may_accept) {
  state_->may_accept = std::move(may_accept);
}

}  // namespace trent::server
