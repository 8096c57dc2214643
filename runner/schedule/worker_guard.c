#include "runner/schedule/worker_guard.h"

#include "runner/base/build.h"
#include "runner/base/file.h"
#include "runner/schedule/message.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <omp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#ifdef MACHINE

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif

/* Arguments are 64 bits wide; process numbers and flags stand in the lower half (little endian). */
#define ARGUMENT(i) (offsetof(struct seccomp_data, args) + 8 * (i))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
/* Where the call is not `number`, the next n instructions are left out. */
#define UNLESS_CALL(number, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, (n))

/* A call whose first argument must be this process. */
#define TO_MYSELF(number, me)                                                                                          \
    UNLESS_CALL(number, 4), LOAD(ARGUMENT(0)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (me), 0, 1),                        \
        RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_KILL_PROCESS)
#define NEVER(number) UNLESS_CALL(number, 1), RETURN(SECCOMP_RET_KILL_PROCESS)
/* A call that fails: libraries may try it and do without. */
#define REFUSED(number) UNLESS_CALL(number, 1), RETURN(REFUSAL)
#define REFUSAL (SECCOMP_RET_ERRNO | EPERM)
/* A call that names this process by its number or by 0. */
#define ON_MYSELF(number, me, otherwise)                                                                               \
    UNLESS_CALL(number, 5), LOAD(ARGUMENT(0)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),                           \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (me), 0, 1), RETURN(SECCOMP_RET_ALLOW), RETURN(otherwise)
/* A call whose second argument must be none of two commands. */
#define BUT_FOR(number, a, b)                                                                                          \
    UNLESS_CALL(number, 5), LOAD(ARGUMENT(1)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (a), 2, 0),                         \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (b), 1, 0), RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_KILL_PROCESS)
/* Calls of another architecture, whose numbers are others, and (x86-64) those of the x32 ABI; then the number is loaded. */
#define NATIVE_CALLS                                                                                                   \
    LOAD(offsetof(struct seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),                     \
        RETURN(SECCOMP_RET_KILL_PROCESS), LOAD(offsetof(struct seccomp_data, nr)),                                     \
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS)
#define X32_BIT 0x40000000u

/* Newer than the headers of Debian 12; the same on all machines. */
#define SYS_FCHMODAT2 452
#define SYS_SETXATTRAT 463
#define SYS_REMOVEXATTRAT 466

static void install(struct sock_filter *filter, size_t n) {
    struct sock_fprog program = {.len = (unsigned short)n, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Signals to others, by whatever call, and their limits. An owner of a descriptor gets signals about it. */
static void guard_signals(void) {
    uint32_t me = (uint32_t)getpid();
    struct sock_filter filter[] = {
        NATIVE_CALLS,
        TO_MYSELF(SYS_kill, me),
        TO_MYSELF(SYS_tgkill, me),
        TO_MYSELF(SYS_rt_sigqueueinfo, me),
        TO_MYSELF(SYS_rt_tgsigqueueinfo, me),
        NEVER(SYS_tkill),
        NEVER(SYS_pidfd_send_signal),
        NEVER(SYS_pidfd_getfd),
        ON_MYSELF(SYS_prlimit64, me, SECCOMP_RET_KILL_PROCESS),
        BUT_FOR(SYS_fcntl, F_SETOWN, F_SETOWN_EX),
        BUT_FOR(SYS_ioctl, FIOSETOWN, SIOCSPGRP),
        RETURN(SECCOMP_RET_ALLOW),
    };
    install(filter, sizeof filter / sizeof filter[0]);
}

/* What Landlock has no right for: who may do what with a file, and what io_uring does past these filters. */
static void guard_attributes(void) {
    struct sock_filter filter[] = {
        NATIVE_CALLS,
#ifdef SYS_chmod
        REFUSED(SYS_chmod),
        REFUSED(SYS_chown),
        REFUSED(SYS_lchown),
#endif
        REFUSED(SYS_fchmod),
        REFUSED(SYS_fchmodat),
        REFUSED(SYS_FCHMODAT2),
        REFUSED(SYS_fchown),
        REFUSED(SYS_fchownat),
        REFUSED(SYS_setxattr),
        REFUSED(SYS_lsetxattr),
        REFUSED(SYS_fsetxattr),
        REFUSED(SYS_SETXATTRAT),
        REFUSED(SYS_removexattr),
        REFUSED(SYS_lremovexattr),
        REFUSED(SYS_fremovexattr),
        REFUSED(SYS_REMOVEXATTRAT),
        REFUSED(SYS_io_uring_setup),
        RETURN(SECCOMP_RET_ALLOW),
    };
    install(filter, sizeof filter / sizeof filter[0]);
}

/* When other processes run and where, and that this one ends with the supervisor, and with it those that a library starts while it is loaded,
   which stay in its group. */
static void guard_schedule(void) {
    uint32_t me = (uint32_t)getpid();
    struct sock_filter filter[] = {
        NATIVE_CALLS,
        REFUSED(SYS_setsid),
        REFUSED(SYS_setpgid),
        REFUSED(SYS_setpriority),
        REFUSED(SYS_ioprio_set),
        ON_MYSELF(SYS_sched_setaffinity, me, REFUSAL),
        ON_MYSELF(SYS_sched_setscheduler, me, REFUSAL),
        ON_MYSELF(SYS_sched_setparam, me, REFUSAL),
        ON_MYSELF(SYS_sched_setattr, me, REFUSAL),
        UNLESS_CALL(SYS_prctl, 3),
        LOAD(ARGUMENT(0)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_PDEATHSIG, 0, 1),
        RETURN(REFUSAL),
        RETURN(SECCOMP_RET_ALLOW),
    };
    install(filter, sizeof filter / sizeof filter[0]);
}

/* New processes, and the memory of others. What clone3() is asked for stands in memory, where a filter does not see it; the C library falls
   back to clone(), which may make threads. Memory that is shared with nobody is not what RLIMIT_DATA counts. */
static void guard_processes(void) {
    uint32_t me = (uint32_t)getpid();
    struct sock_filter filter[] = {
        NATIVE_CALLS,
#ifdef SYS_fork
        NEVER(SYS_fork),
        NEVER(SYS_vfork),
#endif
        NEVER(SYS_execve),
        NEVER(SYS_execveat),
        NEVER(SYS_ptrace),
        NEVER(SYS_process_vm_writev),
        TO_MYSELF(SYS_process_vm_readv, me),
        UNLESS_CALL(SYS_mmap, 5),
        LOAD(ARGUMENT(3)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, MAP_SHARED | MAP_ANONYMOUS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED | MAP_ANONYMOUS, 1, 0),
        RETURN(SECCOMP_RET_ALLOW),
        RETURN(SECCOMP_RET_ERRNO | ENOMEM),
        UNLESS_CALL(SYS_clone3, 1),
        RETURN(SECCOMP_RET_ERRNO | ENOSYS),
        UNLESS_CALL(SYS_clone, 4),
        LOAD(ARGUMENT(0)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, CLONE_VM | CLONE_VFORK | CLONE_THREAD),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLONE_VM | CLONE_THREAD, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        RETURN(SECCOMP_RET_ALLOW),
    };
    install(filter, sizeof filter / sizeof filter[0]);
}

#else

static void guard_signals(void) {
}

static void guard_attributes(void) {
}

static void guard_schedule(void) {
}

static void guard_processes(void) {
}

#endif

/* ---- Files ---------------------------------------------------------------------------------------------------------- */

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE /* newer than the headers of Debian 12 */
#define LANDLOCK_ACCESS_FS_TRUNCATE (UINT64_C(1) << 14)
#endif

/* All rights that change files which this kernel can take away; 0 without Landlock. */
static uint64_t writing(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    uint64_t rights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                      LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                      LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                      LANDLOCK_ACCESS_FS_MAKE_SYM;
    if (version >= 2)
        rights |= LANDLOCK_ACCESS_FS_REFER; /* without it, links and renames across folders are never let through */
    if (version >= 3)
        rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
    return version < 1 ? 0 : rights;
}

/* Of a file, or of a folder and all that is beneath it. */
static void allow(int rules, uint64_t rights, const char *path) {
    struct stat facts;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &facts) == 0 && !S_ISDIR(facts.st_mode))
        rights &= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(fd);
}

static void allow_wished(int rules, uint64_t rights, const char *wished) {
    struct arena arena;
    arena_init(&arena);
    for (const char *folder; (folder = path_take(&arena, &wished)) != NULL;)
        allow(rules, rights, folder);
    arena_clear(&arena);
}

/* Who is in a domain of Landlock also reaches no process outside of it, not even as root, be it by ptrace() or by its files in /proc. Each
   worker is in one of its own. One that may write where it likes is in one that keeps it from nothing of consequence. */
static void guard_files(const char *folder) {
    const char *wished = getenv(PLUGIN_WRITE_PATH);
    uint64_t rights = wished != NULL ? writing() : LANDLOCK_ACCESS_FS_MAKE_BLOCK;
    struct landlock_ruleset_attr handled = {.handled_access_fs = rights};
    int rules = rights == 0 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0)
        return;
    if (wished != NULL) {
        allow(rules, rights, "/dev/null");
        if (folder != NULL)
            allow(rules, rights, folder);
        allow_wished(rules, rights, wished);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
}

/* Root is left with its ways to files alone. Without the rest it reaches no process that has it, where there is no Landlock; and it has no
   ways around the rules about files (mounts, flags that make them immutable) nor any to the machine as a whole. */
static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) < 0)
        return;
    uint32_t kept = UINT32_C(1) << CAP_DAC_OVERRIDE | UINT32_C(1) << CAP_DAC_READ_SEARCH;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        sets[i].effective &= kept;
        sets[i].permitted &= kept;
        sets[i].inheritable &= kept;
        kept = 0;
    }
    syscall(SYS_capset, &header, sets);
}

void worker_guard_files(const char *folder) {
    guard_files(folder);
    drop_capabilities();
}

void worker_guard_others(const char *folder) {
    worker_guard_files(folder);
    guard_signals();
    guard_schedule();
    if (getenv(PLUGIN_WRITE_PATH) != NULL)
        guard_attributes();
}

void worker_guard_processes(void) {
    if (RUNNER_SANITIZER[0] == '\0') /* those start a process to name the places of a report */
        guard_processes();
}

uint64_t worker_memory(const char *key) {
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long long kilobytes = 0;
    size_t length = strlen(key);
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, length) == 0)
            kilobytes = strtoull(line + length, NULL, 10);
    if (file != NULL)
        fclose(file);
    return (uint64_t)kilobytes * 1024;
}

/* OpenBLAS' own, in all its builds for Linux; where it is hidden the limit holds for its buffers as well. */
extern void *blas_memory_alloc(int position) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

/* Every thread holds a buffer at the same time, so that as many are kept for later calls. */
static void warm_up(int threads) {
#pragma omp parallel num_threads(threads)
    {
        void *buffer = blas_memory_alloc != NULL && blas_memory_free != NULL ? blas_memory_alloc(0) : NULL;
#pragma omp barrier
        if (buffer != NULL)
            blas_memory_free(buffer);
    }
}

void worker_limit_memory(uint64_t bytes, int threads, bool for_good) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_DATA, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max; /* whatever the trial before was allowed */
    setrlimit(RLIMIT_DATA, &limit);
    if (bytes == 0)
        return;
    warm_up(threads);
    malloc_trim(0);
    uint64_t all;
    if (__builtin_add_overflow(worker_memory("VmData:"), bytes, &all) /* what RLIMIT_DATA counts */ ||
        all >= limit.rlim_max)
        return;
    limit.rlim_cur = all;
    limit.rlim_max = for_good ? all : limit.rlim_max;
    setrlimit(RLIMIT_DATA, &limit);
}

void worker_volunteer(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "900", 3) < 0)
        fputs("the kernel was not told to end this process first where memory is short\n", stderr);
    close(fd);
}
