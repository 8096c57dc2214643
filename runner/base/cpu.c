#include "runner/base/cpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <unistd.h>

unsigned long cpu_second_cache(void) {
    const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return bytes > 0 ? (unsigned long)bytes : 512 * 1024;
}

#ifdef __x86_64__

#include <cpuid.h>

/* The features of x86-64-v3 beyond the baseline (x86-64 psABI, section 3.1.1 "Processor Architecture"), by CPUID leaf. */
static const struct feature {
    const char *name;
    unsigned leaf, subleaf;
    enum { EBX, ECX } where;
    unsigned bit;
} features[] = {
    {"sse3", 1, 0, ECX, bit_SSE3},      {"ssse3", 1, 0, ECX, bit_SSSE3},     {"cx16", 1, 0, ECX, bit_CMPXCHG16B},
    {"sse4.1", 1, 0, ECX, bit_SSE4_1},  {"sse4.2", 1, 0, ECX, bit_SSE4_2},   {"popcnt", 1, 0, ECX, bit_POPCNT},
    {"lahf", 0x80000001u, 0, ECX, 1},   {"osxsave", 1, 0, ECX, bit_OSXSAVE}, {"avx", 1, 0, ECX, bit_AVX},
    {"f16c", 1, 0, ECX, bit_F16C},      {"fma", 1, 0, ECX, bit_FMA},         {"movbe", 1, 0, ECX, bit_MOVBE},
    {"lzcnt", 0x80000001u, 0, ECX, 32}, {"bmi1", 7, 0, EBX, bit_BMI},        {"avx2", 7, 0, EBX, bit_AVX2},
    {"bmi2", 7, 0, EBX, bit_BMI2},
};

static int level_limit = 4;

void cpu_level_limit(int level) {
    level_limit = level;
}

/* x86-64 psABI, section 3.1.1: what level 4 has beyond level 3. */
int cpu_level(void) {
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
    return wide && level_limit >= 4 ? 4 : 3;
}

const char *cpu_missing(void) {
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        const struct feature *f = &features[i];
        unsigned eax, ebx, ecx, edx;
        if (!__get_cpuid_count(f->leaf, f->subleaf, &eax, &ebx, &ecx, &edx) ||
            !((f->where == EBX ? ebx : ecx) & f->bit))
            return f->name;
    }
    /* The system must save the wide registers as well: XCR0 has the bits of SSE and AVX state. */
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6 ? NULL : "avx registers saved by the operating system";
}

#else

void cpu_level_limit(int level) {
    (void)level;
}

int cpu_level(void) {
    return 3;
}

const char *cpu_missing(void) {
    return NULL;
}

#endif

void cpu_level_limit_text(const char *text) {
    if (text != NULL && strcmp(text, "3") == 0)
        cpu_level_limit(3);
}
