#pragma once
// Task<T>: the coroutine type of everything that waits (transports, the exchange driver).
//
// A task starts at once and runs until it first waits; awaiting one that is already done costs no
// suspension, so a loop over buffered data never grows the stack. Its frame comes from a
// per-thread free list. A task belongs to one shard (thread) for its whole life and is not thread
// safe. The owner must keep the Task object until it is done, or call detach().
//
// Rules (g++ 12): no brace-initialised aggregate and no capturing lambda inside a co_await
// expression; no co_await in the condition of an if, while, for or switch, which is given a wrong
// handle to resume. Name it first. tests/lint checks this.

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace myelin {

namespace detail {

/// Coroutine frames by size class, recycled per thread. Frames are freed on the thread that made
/// them, as a task never leaves its shard.
class FramePool {
 public:
  static void* allocate(std::size_t size) {
    const std::size_t index = slot(size);
    if (kOff || index >= kSlots) return ::operator new(size);
    Node*& head = lists()[index];
    if (head) {
      Node* node = head;
      head = node->next;
      return node;
    }
    return ::operator new((index + 1) * kStep);
  }
  static void deallocate(void* memory, std::size_t size) noexcept {
    const std::size_t index = slot(size);
    if (kOff || index >= kSlots) {
      ::operator delete(memory);
      return;
    }
    Node* node = static_cast<Node*>(memory);
    node->next = lists()[index];
    lists()[index] = node;
  }

 private:
  struct Node {
    Node* next;
  };
#ifdef __SANITIZE_ADDRESS__
  static constexpr bool kOff = true;  // so that the sanitizer sees frames used after their end
#else
  static constexpr bool kOff = false;
#endif
  static constexpr std::size_t kStep = 128;
  static constexpr std::size_t kSlots = 32;  // up to 4 KiB
  static std::size_t slot(std::size_t size) noexcept { return (size + kStep - 1) / kStep - 1; }
  struct Lists {
    Node* heads[kSlots] = {};
    ~Lists() {
      for (Node*& head : heads)
        while (head) {
          Node* next = head->next;
          ::operator delete(head);
          head = next;
        }
    }
  };
  static Node** lists() noexcept {
    thread_local Lists instance;
    return instance.heads;
  }
};

struct PromiseBase {
  std::coroutine_handle<> waiter;
  std::exception_ptr error;
  bool detached = false;

  static void* operator new(std::size_t size) { return FramePool::allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    FramePool::deallocate(memory, size);
  }

  std::suspend_never initial_suspend() noexcept { return {}; }

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> self) noexcept {
      PromiseBase& promise = self.promise();
      if (promise.detached) {
        self.destroy();
      } else if (promise.waiter) {
        promise.waiter.resume();  // may destroy `self`: nothing is touched after it
      }
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }

  /// A library's exception (or bad_alloc) passes to the awaiting coroutine, up to the exchange's
  /// boundary, which catches it. A detached task has nobody to tell.
  void unhandled_exception() noexcept {
    if (detached) std::terminate();
    error = std::current_exception();
  }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::PromiseBase {
    std::optional<T> value;
    Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return handle_.done(); }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { handle_.promise().waiter = waiter; }
  T await_resume() {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
    return std::move(*handle_.promise().value);
  }

  bool done() const noexcept { return handle_.done(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  struct promise_type : detail::PromiseBase {
    Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    void return_void() noexcept {}
  };

  Task() noexcept = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return !handle_ || handle_.done(); }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { handle_.promise().waiter = waiter; }
  void await_resume() {
    if (handle_ && handle_.promise().error) std::rethrow_exception(handle_.promise().error);
  }

  bool done() const noexcept { return !handle_ || handle_.done(); }

  /// Lets the coroutine own itself: its frame goes when it ends.
  void detach() noexcept {
    if (!handle_) return;
    if (handle_.done()) {
      handle_.destroy();
    } else {
      handle_.promise().detached = true;
    }
    handle_ = nullptr;
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_ = nullptr;
};

/// One coroutine waits until another part of the same shard calls set(). Cannot be copied: g++ 12 waits for
/// a copy when the operand of co_await is a call that returns a reference. Name that first.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void set() {
    set_ = true;
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }
  /// Resumes whoever waits without setting it: a time limit has passed.
  void interrupt() {
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }
  void reset() noexcept { set_ = false; }
  /// The coroutine that waits is about to be destroyed; set() comes too late for it.
  void forget() noexcept { waiter_ = nullptr; }
  bool is_set() const noexcept { return set_; }

  bool await_ready() const noexcept { return set_; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  void await_resume() noexcept {}

 private:
  std::coroutine_handle<> waiter_ = nullptr;
  bool set_ = false;
};

}  // namespace myelin
