/* Asks the kernel whether memory is there, so that a plugin's wild pointer is an error message and not a fault. */
#include "runner/host/loader_check.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, SET = 8 }; /* SET: bytes of a set of signals */

/* The page of an address: a set of signals is copied from there before it is seen that nothing is asked to be done with it (EINVAL; the same
   way is gone by AddressIsReadable() of Abseil). A copy by process_vm_readv() takes ten times as long. */
static bool page_is_there(uintptr_t address) {
    if (address < PAGE) { /* NULL would be no set to copy */
        return false;
    }
    syscall(SYS_rt_sigprocmask, ~0, (void *)(address / SET * SET), NULL, SET);
    return errno != EFAULT;
}

bool memory_is_readable(const void *address, size_t size) {
    const uintptr_t start = (uintptr_t)address;
    if (address == NULL || start > UINTPTR_MAX - size) {
        return false;
    }
    for (uintptr_t at = start; at < start + size; at += PAGE - at % PAGE) {
        if (!page_is_there(at)) {
            return false;
        }
    }
    return true;
}

/* Up to the first byte that is none of a text, which an address sanitizer takes to be beyond one that has no end. */
__attribute__((no_sanitize("address"))) bool memory_is_text(const char *text, size_t most) {
    for (size_t at = 0; text != NULL && at <= most; at++) {
        if ((at == 0 || (uintptr_t)(text + at) % PAGE == 0) && !page_is_there((uintptr_t)(text + at))) {
            return false;
        }
        if ((unsigned char)text[at] < 0x20 || text[at] == 0x7f) {
            return text[at] == '\0';
        }
    }
    return false;
}
