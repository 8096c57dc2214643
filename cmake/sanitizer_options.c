/* Run-time options of the sanitizers (see cmake/Flags.cmake); variables such as TSAN_OPTIONS are read after them. */

#define OPTIONS_OF(sanitizer)                                                                                          \
    __attribute__((visibility("default"))) const char *__##sanitizer##_default_options(void);                          \
    const char *__##sanitizer##_default_options(void)

OPTIONS_OF(asan) {
    return "detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1";
}

OPTIONS_OF(ubsan) {
    return "print_stacktrace=1";
}

/* gcc's libgomp waits on futexes that the thread sanitizer does not see, so every correct barrier would be reported as a
   race (tried: 11 reports for a loop without any). LLVM's libomp tells its order to the sanitizer through OMPT and the tool
   "archer", which it loads by itself; what is left are accesses inside libomp and OpenBLAS, which are not instrumented. */
OPTIONS_OF(tsan) {
    return "ignore_noninstrumented_modules=1:allocator_may_return_null=1:second_deadlock_stack=1";
}
