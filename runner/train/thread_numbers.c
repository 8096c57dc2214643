#include "runner/train/thread_numbers.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

unsigned thread_numbers_set(void) {
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(0x1f80u | 0x8040u); /* all exceptions masked, round to nearest; subnormals are zero, read and written */
    return before;
#else
    return 0;
#endif
}

void thread_numbers_restore(unsigned before) {
#if defined(__x86_64__)
    _mm_setcsr(before);
#else
    (void)before;
#endif
}
