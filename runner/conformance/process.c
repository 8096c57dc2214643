#include "runner/conformance/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The stack on which faults are handled; its first bytes say where the page is, which a handler could otherwise learn from
   nothing but a global variable. */
enum { STACK = 1 << 16 };

void process_init(struct process *process) {
    *process = (struct process){.hung = false};
    text_init(&process->printed);
    process->page = mmap(NULL, sizeof *process->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (process->page == MAP_FAILED)
        memory_exhausted();
}

void process_clear(struct process *process) {
    munmap(process->page, sizeof *process->page);
    text_clear(&process->printed);
}

/* ---- In the child -------------------------------------------------------------------------------------------------- */

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    struct page *page = *(struct page **)((uintptr_t)__builtin_frame_address(0) / STACK * STACK);
    for (int i = 0; i < PAGE_GUARDS; i++)
        if (page->guards[i] != NULL && guard_place(page->guards[i], info->si_addr, page->fault))
            break;
    signal(number, SIG_DFL); /* the fault comes again, and ends the process */
}

static void catch_faults(struct page *page) {
    void *stack = aligned_alloc(STACK, STACK);
    if (stack == NULL)
        return;
    *(struct page **)stack = page;
    stack_t alternative = {.ss_sp = stack, .ss_size = STACK};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = on_fault;
    sigaltstack(&alternative, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

static _Noreturn void child(struct page *page, int log, pid_t parent, bool (*run)(void *, struct page *),
                            void *context) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    dup2(log, 1);
    dup2(log, 2);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    catch_faults(page);
    run(context, page);
    fflush(NULL);
    page->finished = 1;
    _exit(0);
}

/* ---- In the parent -------------------------------------------------------------------------------------------------- */

static unsigned patience(const struct page *page) {
    const char *doing = atomic_load(&page->doing);
    return doing != NULL && strcmp(doing, "open()") == 0 ? PATIENCE_OPENING : PATIENCE;
}

/* False where it had to be killed: no function of the plugin has been begun, or come back, for too long. */
static bool wait_for(pid_t pid, const struct page *page, int *state) {
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    unsigned long long seen = 0;
    unsigned seconds = 0;
    bool ended = false;
    while (!ended && seconds < patience(page)) {
        struct pollfd wait = {.fd = pidfd, .events = POLLIN};
        ended = pidfd < 0 || poll(&wait, 1, 1000) > 0;
        unsigned long long calls = atomic_load(&page->calls);
        seconds = calls == seen ? seconds + 1 : 0;
        seen = calls;
    }
    if (!ended)
        kill(pid, SIGKILL);
    while (waitpid(pid, state, 0) < 0 && errno == EINTR) {
    }
    if (pidfd >= 0)
        close(pidfd);
    return ended;
}

/* What is left to be said of a child that did not come to its end. */
static void describe_end(struct process *process, int state) {
    struct page *page = process->page;
    const char *doing = atomic_load(&page->doing), *scene = page->scene;
    char what[128];
    if (process->hung)
        snprintf(what, sizeof what, "%s does not return: still at it after %u s", doing != NULL ? doing : "it",
                 patience(page));
    else if (WIFSIGNALED(state))
        snprintf(what, sizeof what, "SIG%s in %s", sigabbrev_np(WTERMSIG(state)), doing != NULL ? doing : "the loader");
    else
        snprintf(what, sizeof what, "%s ended the process (exit %d)", doing != NULL ? doing : "it", WEXITSTATUS(state));
    page->outcome = OUTCOME_FAIL;
    snprintf(page->reason, sizeof page->reason, "%.100s%s%s%s%.200s", scene, scene[0] != '\0' ? ": " : "", what,
             page->fault[0] != '\0' ? ", which touches " : "", page->fault);
}

static void read_log(struct process *process, int log) {
    char line[200] = "";
    ssize_t n = pread(log, line, sizeof line - 1, 0);
    line[n > 0 ? n : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (process->printed.length == 0 && process->page->finished)
        text_add(&process->printed, line);
}

void process_run(struct process *process, bool (*run)(void *context, struct page *page), void *context) {
    struct page *page = process->page;
    int state = 0, log = memfd_create("runner-check-log", MFD_CLOEXEC);
    memset(page, 0, sizeof *page);
    process->hung = false;
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        child(page, log, parent, run, context);
    if (pid < 0) {
        page->outcome = OUTCOME_FAIL;
        snprintf(page->reason, sizeof page->reason, "cannot start a process: %s", strerror(errno));
    } else {
        process->hung = !wait_for(pid, page, &state);
        if (!page->finished)
            describe_end(process, state);
        read_log(process, log);
    }
    close(log);
}
