// Cooperative threads: each has a stack of its own and runs until it gives way.
//
// Switching is fifteen instructions on x86-64; a system call each way, as in ucontext, would cost more than the kernels
// under test. Elsewhere ucontext does, and here, too, if NWM_UCONTEXT is defined.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <utility>

namespace emulation {

/// What fibers are, however they switch: a stack, and a body that runs on it once.
class Task {
  public:
    static constexpr std::size_t STACK_BYTES = 256 * 1024;

    Task(const Task &) = delete;

    bool finished() const { return finished_; }

  protected:
    Task() : stack_(static_cast<char *>(std::malloc(STACK_BYTES))) {}
    ~Task() { std::free(stack_); }

    void set_body(std::function<void()> body) {
        body_ = std::move(body);
        finished_ = false;
    }

    void run_body() {
        body_();
        finished_ = true;
    }

    char *stack_;

  private:
    bool finished_ = true;
    std::function<void()> body_;
};

} // namespace emulation

#if defined(__x86_64__) && !defined(NWM_UCONTEXT)

extern "C" void nwm_switch_stack(void **leave, void *enter);
asm(R"(
.text
.globl nwm_switch_stack
.type nwm_switch_stack, @function
nwm_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size nwm_switch_stack, .-nwm_switch_stack
)");

namespace emulation {

class Fiber : public Task {
  public:
    /// The next `resume` calls `body` from its beginning.
    void start(std::function<void()> body) {
        set_body(std::move(body));
        // The stack as `nwm_switch_stack` leaves one: six saved registers below the address to return to. The ABI
        // wants the stack pointer 8 away from a multiple of 16 where a function begins.
        auto top = reinterpret_cast<std::size_t>(stack_ + STACK_BYTES) & ~std::size_t{15};
        auto *slots = reinterpret_cast<void **>(top) - 2;
        slots[0] = reinterpret_cast<void *>(&Fiber::enter);
        pointer_ = slots - 6;
    }

    /// Runs it until it gives way or ends.
    void resume() {
        running = this;
        nwm_switch_stack(&caller_, pointer_);
    }

    /// Called from within: back to whoever resumed it.
    void give_way() { nwm_switch_stack(&pointer_, caller_); }

  private:
    static void enter() {
        Fiber *self = running;
        self->run_body();
        self->give_way();
        std::abort();
    }

    static inline Fiber *running = nullptr;
    void *pointer_ = nullptr;
    void *caller_ = nullptr;
};

} // namespace emulation

#else

#include <ucontext.h>

namespace emulation {

class Fiber : public Task {
  public:
    /// The next `resume` calls `body` from its beginning.
    void start(std::function<void()> body) {
        set_body(std::move(body));
        getcontext(&context_);
        context_.uc_stack.ss_sp = stack_;
        context_.uc_stack.ss_size = STACK_BYTES;
        context_.uc_link = &caller_;
        makecontext(&context_, &Fiber::enter, 0);
    }

    /// Runs it until it gives way or ends.
    void resume() {
        running = this;
        swapcontext(&caller_, &context_);
    }

    /// Called from within: back to whoever resumed it.
    void give_way() { swapcontext(&context_, &caller_); }

  private:
    static void enter() { running->run_body(); }

    static inline Fiber *running = nullptr;
    ucontext_t context_, caller_;
};

} // namespace emulation

#endif
