#include "runner/train/fault.h"

#include "runner/base/build.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    HANDLER_STACK = 32 << 10,
    MARGIN = 64 << 10,        /* of the end of a stack: guard pages, what a call writes below the stack pointer */
    LARGEST_FRAME = 256 << 20 /* the stack pointer stands so far beyond the end at most */
};

/* A handler gets nothing but the place of the fault, so these are the process's. */
static _Atomic uint32_t *note_of_stack, *note_of_memory;

static _Thread_local struct {
    bool set;
    uintptr_t end; /* lowest address of the stack */
    _Alignas(16) char handler[HANDLER_STACK];
} own;

static uintptr_t stack_pointer(const ucontext_t *context, uintptr_t otherwise) {
#if defined(__x86_64__)
    (void)otherwise;
    return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    (void)otherwise;
    return (uintptr_t)context->uc_mcontext.sp;
#else
    (void)context;
    return otherwise;
#endif
}

/* The stack pointer stands at or beyond the end, and what was touched lies between the two. */
static bool is_full_stack(uintptr_t at, uintptr_t pointer) {
    return pointer < own.end + MARGIN && pointer + LARGEST_FRAME > own.end && at < own.end + MARGIN &&
           at + MARGIN >= pointer;
}

/* mmap(), sbrk() and shmat() give -1, and errno says why; a call of the system without the C library gives the number of the error. */
static bool is_failed_allocation(uintptr_t at, int error) {
    return at == (uintptr_t)-ENOMEM || (at == (uintptr_t)-1 && error == ENOMEM);
}

static void on_fault(int number, siginfo_t *info, void *context) {
    uintptr_t at = (uintptr_t)info->si_addr;
    int error = errno;
    bool fault = info->si_code > 0;
    if (fault && is_failed_allocation(at, error))
        atomic_store(note_of_memory, 1);
    else if (fault && is_full_stack(at, stack_pointer(context, at)))
        atomic_store(note_of_stack, 1);
    signal(number, SIG_DFL); /* only now: the same fault of another thread ends the process from here on */
    if (!fault)              /* somebody's kill(): a fault comes again at once */
        raise(number);
    errno = error;
}

/* The first thread's grows down to where its limit ends it; what stands above the name of the program is less than a page. */
static uintptr_t end_of_first(void) {
    struct rlimit limit;
    uintptr_t top = (uintptr_t)getauxval(AT_EXECFN);
    if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur >= top)
        return 0;
    return top - (uintptr_t)limit.rlim_cur;
}

static uintptr_t end_of_other(void) {
    pthread_attr_t attributes;
    void *end = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return 0;
    pthread_attr_getstack(&attributes, &end, &size);
    pthread_attr_destroy(&attributes);
    return (uintptr_t)end;
}

void fault_watch_thread(void) {
    if (own.set || note_of_stack == NULL)
        return;
    own.set = true;
    if (sysconf(_SC_MINSIGSTKSZ) > HANDLER_STACK / 2)
        return;
    own.end = getpid() == gettid() ? end_of_first() : end_of_other();
    sigaltstack(&(stack_t){.ss_sp = own.handler, .ss_size = sizeof own.handler}, NULL);
}

void fault_watch(_Atomic uint32_t *full_stack, _Atomic uint32_t *lacked_memory) {
    if (RUNNER_SANITIZER[0] != '\0')
        return;
    note_of_stack = full_stack;
    note_of_memory = lacked_memory;
    fault_watch_thread();
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = on_fault;
    sigaction(SIGSEGV, &action, NULL);
}
