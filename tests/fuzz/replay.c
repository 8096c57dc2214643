/* Feeds a fuzz target each file of the folders given, in the order of their names, and cut short in a few places. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

static size_t replayed;

static void replay(const char *path) {
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file != NULL);
    struct stat facts;
    FUZZ_CHECK(fstat(fileno(file), &facts) == 0);
    size_t n = (size_t)facts.st_size;
    for (size_t part = 0; part <= 4; part++) {
        /* Memory of the exact size, so that reading beyond it is seen. */
        size_t length = n - n * part / 5;
        uint8_t *bytes = malloc(length > 0 ? length : 1);
        FUZZ_CHECK(bytes != NULL && fseek(file, 0, SEEK_SET) == 0 && fread(bytes, 1, length, file) == length);
        LLVMFuzzerTestOneInput(bytes, length);
        free(bytes);
    }
    fclose(file);
    replayed++;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        int count = scandir(argv[i], &entries, NULL, alphasort);
        FUZZ_CHECK(count >= 0);
        for (int e = 0; e < count; e++) {
            char path[PATH_MAX];
            snprintf(path, sizeof path, "%s/%s", argv[i], entries[e]->d_name);
            if (entries[e]->d_name[0] != '.')
                replay(path);
            free(entries[e]);
        }
        free(entries);
    }
    printf("%zu files replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
