#pragma once
// A scripted backend on a port of its own, in threads of its own. What it does may be changed
// between requests; it records everything it was sent. Thread safe.

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/http.hpp"

namespace myelin::test {

struct Behaviour {
  enum class Kind {
    reply,      ///< status, headers, body with Content-Length
    chunked,    ///< the same, each of `pieces` a chunk
    until_close,///< the same without length, then FIN
    dribble,    ///< as reply, one byte per send
    early,      ///< as reply, but before the request's body was read; then reads on
    echo,       ///< the request's body and content type
    tell,       ///< request line, then "name: value" lines, empty line, body
    session,    ///< as reply; sets cookie `cookie`=NAME-n when the request has none
    demand,     ///< `body` when Authorization begins with `prefix`, else 401 with `headers`
    tunnel,     ///< answers CONNECT, then speaks TLS itself and replies `body`
    socks,      ///< a SOCKS5 proxy that wants `prefix` (user:password) or no login, refuses with `status` if it is not
                ///< 0, else replies `body` itself, by TLS when `cookie` is "tls"
    hold,       ///< as reply, after release()
    raw,        ///< `body` as it is, connection left open
    cut,        ///< `body` as it is, then FIN
    cut_reset,  ///< `body` as it is, then RST
    close,      ///< reads the request, then FIN
    reset,      ///< reads the request, then RST
    hang,       ///< reads the request and says nothing
    stall,      ///< reads the head only, then nothing
    refuse      ///< does not accept connections
  };
  Kind kind = Kind::reply;
  int status = 200;
  std::string reason;
  HeaderList headers;
  std::string body;
  std::vector<std::string> pieces;
  std::string cookie;
  std::string prefix;

  static Behaviour replying(std::string text, int code = 200) {
    Behaviour made;
    made.body = std::move(text);
    made.status = code;
    return made;
  }
  static Behaviour of(Kind what) {
    Behaviour made;
    made.kind = what;
    return made;
  }
};

class Backend {
 public:
  /// With a `tls` context it speaks TLS.
  explicit Backend(std::string name, TlsContext tls = nullptr);
  ~Backend();

  const std::string& name() const noexcept { return name_; }
  std::uint16_t port() const noexcept { return listener_.port(); }
  std::string address() const;  ///< http://127.0.0.1:PORT, or https://localhost:PORT

  void behave(Behaviour behaviour);
  /// Closes every connection; one that is not refusing accepts new ones.
  void drop_connections();
  /// Lets requests that are held go on.
  void release();

  std::size_t count() const;
  std::size_t connections() const;
  std::vector<HttpMessage> received() const;
  /// Waits until `count` requests were received whole (or only their head, for those that stall).
  bool await(std::size_t count, Millis patience = kPatience) const;

 private:
  /// How things stood when a request's head had arrived.
  struct Turn {
    std::size_t number = 0;
    std::size_t releases = 0;
  };

  void listen();
  void stop_listening();
  void accept_loop();
  void serve(Stream& stream);
  bool serve_socks(Stream& stream, const Behaviour& behaviour);
  /// False: the connection ends here.
  bool act(Stream& stream, const HttpMessage& request, const Behaviour& behaviour, const Turn& turn);
  void record(HttpMessage request);

  std::string name_;
  TlsContext tls_;
  Listener listener_;
  std::thread acceptor_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Behaviour behaviour_;
  bool listening_ = false;
  bool ending_ = false;
  std::size_t accepted_ = 0;
  std::size_t releases_ = 0;
  std::vector<HttpMessage> received_;
  struct Connection {
    std::unique_ptr<Stream> stream;
    std::thread thread;
  };
  std::list<Connection> connections_;
};

}  // namespace myelin::test
