/* runner fetch, against a server on this machine: what is published, what goes wrong on the way, and what stays in the folder then. */
/* ctest: timeout 300 no-thread-sanitizer (it is one thread) */
#include "tests/e2e/http.h"

#include "runner/base/clock.h"
#include "runner/base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

enum { LINES = 2000 };

static const char line[] = "the bytes of a file that is published\n";

struct place {
    char folder[64];
    unsigned char *plain;
    size_t n;
    struct http http;
};

static const char *environment(const char *name) {
    const char *value = getenv(name);
    if (value == NULL)
        fail_msg("%s is not set: run the test by ctest", name);
    return value;
}

/* ---- What was said and is there ----------------------------------------------------------------------------------------- */

/* The file; "" where it is not there. The next call but three overwrites it. */
static const char *content(const char *path) {
    static char buffers[4][200000];
    static unsigned next;
    char *buffer = buffers[next++ % 4];
    FILE *file = fopen(path, "rb");
    size_t n = file != NULL ? fread(buffer, 1, sizeof buffers[0] - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    buffer[n] = '\0';
    return buffer;
}

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...) {
    char command[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (system(command) != 0)
        fail_msg("%s", command);
}

/* `runner` with these arguments ends with this status; its output is in the files out and err then. */
__attribute__((format(printf, 2, 3))) static void runner(int wanted, const char *format, ...) {
    char command[8192];
    va_list arguments;
    int n = snprintf(command, sizeof command, "'%s' ", environment("RUNNER"));
    va_start(arguments, format);
    n += vsnprintf(command + n, sizeof command - (size_t)n, format, arguments);
    va_end(arguments);
    snprintf(command + n, sizeof command - (size_t)n, " >out 2>err");
    int status = system(command);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
        fail_msg("exit status %d instead of %d: %s\n%s", WEXITSTATUS(status), wanted, command, content("err"));
}

static void says(const char *file, const char *text) {
    if (strstr(content(file), text) == NULL)
        fail_msg("%s does not say \"%s\":\n%s", file, text, content(file));
}

static void says_not(const char *file, const char *text) {
    if (strstr(content(file), text) != NULL)
        fail_msg("%s says \"%s\":\n%s", file, text, content(file));
}

/* All that the folder holds, hidden files among them, is this one file, or nothing (NULL). */
static void holds(const char *folder, const char *name) {
    DIR *open = opendir(folder);
    size_t others = 0, found = 0;
    for (struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;) {
        const bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        const bool wanted = name != NULL && strcmp(entry->d_name, name) == 0;
        found += wanted;
        others += !dots && !wanted;
    }
    if (open != NULL)
        closedir(open);
    if (others > 0 || found != (name != NULL))
        fail_msg("%s holds %zu other files than %s", folder, others, name != NULL ? name : "none");
}

static void same(const struct place *place, const char *path) {
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_size, place->n);
    assert_memory_equal(content(path), place->plain, place->n);
}

static size_t requests(void) {
    size_t n = 0;
    for (const char *c = content("requests"); *c != '\0'; c++)
        n += *c == '\n';
    return n;
}

static void put(const char *folder, const char *path, const char *bytes) {
    shell("mkdir -p '%s'", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(bytes, file);
    assert_int_equal(fclose(file), 0);
}

/* Until the server has seen it, for at most 20 seconds. */
static void wait_for(const char *text) {
    for (int i = 0; i < 2000 && strstr(content("requests"), text) == NULL; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    says("requests", text);
}

/* ---- The folder of a test, with the server and the data sets ------------------------------------------------------------- */

static int place_open(void **state) {
    static struct place place;
    char sha256[65];
    place = (struct place){.folder = "/tmp/runner-fetch-XXXXXX", .n = LINES * strlen(line)};
    assert_non_null(mkdtemp(place.folder));
    assert_int_equal(chdir(place.folder), 0);
    place.plain = malloc(place.n);
    for (size_t i = 0; i < LINES; i++)
        memcpy(place.plain + i * strlen(line), line, strlen(line));
    if (!http_start(&place.http, place.plain, place.n, "requests"))
        fail_msg("no server: %s", strerror(errno));
    shell("mkdir plugins && '%s' -O1 -shared -fPIC -I '%s/include' -DPORT=%u -DSHA256='\"%s\"' -DSIZE=%zu "
          "'%s/tests/e2e/fetch_data.c' -o plugins/fetch_data.so",
          environment("CC"), environment("RUNNER_BUILD_DIR"), place.http.port, sha256_hex(place.plain, place.n, sha256),
          place.n, environment("RUNNER_SOURCE_DIR"));
    char path[100];
    snprintf(path, sizeof path, "%s/cache", place.folder);
    setenv("XDG_CACHE_HOME", path, 1);
    snprintf(path, sizeof path, "%s/plugins", place.folder);
    setenv("RUNNER_PLUGIN_PATH", path, 1);
    *state = &place;
    return 0;
}

static int place_close(void **state) {
    struct place *place = *state;
    http_stop(&place->http);
    free(place->plain);
    unsetenv("RUNNER_DATA");
    assert_int_equal(chdir("/"), 0);
    shell("rm -r '%s'", place->folder);
    return 0;
}

/* ---- All is well --------------------------------------------------------------------------------------------------------- */

static void what_is_missing_is_fetched_and_then_found(void **state) {
    const struct place *place = *state;
    put(".", "plain.yaml",
        "experiment: plain\ndataset: plain\nmodel: [{dense: {units: 2, activation: softmax}}]\n"
        "loss: categorical_crossentropy\noptimizer: sgd\ntrain: {batch_size: 10, epochs: 1}\n");
    runner(2, "check plain.yaml");
    says("err", "; `runner fetch plain` gets them");
    runner(0, "fetch plain");
    says("err", "/cache/runner/plain/bytes.txt: 74.2 KiB from http://127.0.0.1:");
    says("err", "plain: 1 of 1 files were fetched into ");
    assert_string_equal(content("out"), "");
    holds("cache/runner/plain", "bytes.txt");
    same(place, "cache/runner/plain/bytes.txt");
    runner(0, "check plain.yaml");
}

static void gzip_stays_packed_and_is_checked_unpacked(void **state) {
    (void)state;
    runner(0, "fetch packed");
    holds("cache/runner/packed", "bytes.txt.gz");
    shell("gunzip -c cache/runner/packed/bytes.txt.gz >unpacked");
    same(*state, "unpacked");
    runner(0, "fetch named");
    holds("cache/runner/named", "bytes.gz");
    runner(0, "fetch named");
    says("err", "nothing to fetch, the file is there");
}

static void a_second_run_asks_for_nothing(void **state) {
    (void)state;
    runner(0, "fetch both");
    says("err", "both: 2 of 2 files were fetched");
    const size_t before = requests();
    assert_int_equal(before, 2);
    runner(0, "fetch both");
    assert_int_equal(requests(), before);
    says("err", "more.txt: is there, ");
    says("err", "both: nothing to fetch, all 2 files are there");
    runner(0, "fetch both --quiet");
    assert_string_equal(content("err"), "");
    shell("rm cache/runner/both/bytes.txt");
    runner(0, "fetch both");
    says("err", "both: 1 of 2 files were fetched");
    assert_int_equal(requests(), before + 1);
}

static void wrong_bytes_are_fetched_anew(void **state) {
    const struct place *place = *state;
    put("cache/runner/plain", "cache/runner/plain/bytes.txt", "others\n");
    runner(0, "fetch plain");
    says("err", "/bytes.txt: found 7 bytes, wanted 76000; fetching it anew");
    same(place, "cache/runner/plain/bytes.txt");
    /* What would be found before the new file goes. */
    put("cache/runner/packed", "cache/runner/packed/bytes.txt", "others\n");
    runner(0, "fetch packed");
    holds("cache/runner/packed", "bytes.txt.gz");
    put("cache/runner/packed", "cache/runner/packed/bytes.txt.gz", "\x1f\x8bothers\n");
    runner(0, "fetch packed");
    says("err", "gzip data is corrupt");
    says("err", "; fetching it anew");
    shell("gunzip -c cache/runner/packed/bytes.txt.gz >unpacked");
    same(place, "unpacked");
}

static void into_takes_another_folder(void **state) {
    runner(0, "fetch plain --into a/b");
    holds("a/b", "bytes.txt");
    same(*state, "a/b/bytes.txt");
    holds("cache", NULL);
    put(".", "plain.yaml",
        "experiment: plain\ndataset: {plain: {path: 'a/c d'}}\nmodel: [{dense: {units: 2, activation: softmax}}]\n"
        "loss: categorical_crossentropy\noptimizer: sgd\ntrain: {batch_size: 10, epochs: 1}\n");
    runner(2, "check plain.yaml");
    says("err", "/a/c d, the `path` given for plain; `runner fetch plain --into` that folder puts it there");
    runner(0, "fetch plain --into 'a/c d'");
    runner(0, "check plain.yaml");
    runner(2, "check plain.yaml dataset=old dataset.old.path=.");
    says("err", "the `path` given for old; wanted the folder that holds it");
    runner(2, "fetch plain --into ''");
    says("err", "--into: wanted the path of a folder");
}

static void runner_data_comes_first(void **state) {
    const struct place *place = *state;
    runner(0, "fetch plain --into shared/plain");
    setenv("RUNNER_DATA", "shared", 1);
    runner(0, "fetch plain");
    says("err", "is there, shared/plain/bytes.txt");
    holds("cache", NULL);
    put("shared/plain", "shared/plain/bytes.txt", "others\n");
    runner(0, "fetch plain");
    says("err",
         "warning: shared/plain/bytes.txt: found 7 bytes, wanted 76000; it is found before what is fetched: remove");
    same(place, "cache/runner/plain/bytes.txt");
    assert_string_equal(content("shared/plain/bytes.txt"), "others\n");
}

static void redirects_and_proxies_are_followed(void **state) {
    const struct place *place = *state;
    char proxy[64];
    runner(0, "fetch moved");
    same(place, "cache/runner/moved/bytes.txt");
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", place->http.port);
    setenv("http_proxy", proxy, 1);
    runner(0, "fetch far");
    unsetenv("http_proxy");
    says("requests", "proxy\n/plain\n");
    same(place, "cache/runner/far/bytes.txt");
}

/* ---- Something goes wrong ------------------------------------------------------------------------------------------------ */

static void the_next_address_is_tried(void **state) {
    runner(0, "fetch mirrors");
    says("err", "/missing: the server answers with status 404, no such file; trying the next address");
    says("err", "/wrong: found the SHA-256 ");
    says("err", "/cut: the connection ended after 38000 of 76000 bytes; trying the next address");
    holds("cache/runner/mirrors", "bytes.txt");
    same(*state, "cache/runner/mirrors/bytes.txt");
    runner(0, "fetch mirrors --into again --quiet");
    assert_string_equal(content("err"), "");
}

static void all_that_can_go_wrong_leaves_nothing(void **state) {
    static const struct {
        const char *name, *reason;
    } cases[] = {
        {"wrong", "/wrong: found the SHA-256 "},
        {"wrong", "/page: found 25 bytes, wanted 76000; try again later, or put the file into "},
        {"damaged", "/damaged: its gzip data is cut short"},
        {"missing", "/missing: the server answers with status 404"},
        {"loop", "/loop: found more than 5 redirects"},
        {"local", "/local: found a redirect to another protocol; wanted http or https"},
        {"endless", " bytes, the most "},
        {"huge", "/huge: found more than 80170 bytes, the most that the file can have"},
        {"bomb", "/bomb: decompressed it has more than 76000 bytes, the most allowed"},
        {"stall", "/stall: next to nothing came for 1 second, after 10 bytes"},
        {"silent", "/silent: next to nothing came for 1 second, after 0 bytes"},
        {"noise", "/noise: received HTTP/0.9 when not allowed"},
        {"cut", "/cut: the connection ended after 38000 of 76000 bytes"},
        {"closed", "http://127.0.0.1:1/plain: failed to connect to 127.0.0.1 port 1"},
    };
    char folder[100];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t before = requests();
        const bool waits = strcmp(cases[i].name, "stall") == 0 || strcmp(cases[i].name, "silent") == 0;
        runner(4, "fetch %s --timeout %d", cases[i].name, waits ? 1 : 60); /* the machine may be busy */
        says("err", "runner: error: cannot fetch bytes.txt: ");
        says("err", cases[i].reason);
        snprintf(folder, sizeof folder, "cache/runner/%s", cases[i].name);
        holds(folder, NULL);
        if (strcmp(cases[i].name, "loop") == 0)
            assert_int_equal(requests(), before + 6);
    }
}

/* What was there is not worse than nothing: it stays until something better has come. */
static void a_failure_leaves_what_was_there(void **state) {
    (void)state;
    put("cache/runner/missing", "cache/runner/missing/bytes.txt", "others\n");
    runner(4, "fetch missing");
    assert_string_equal(content("cache/runner/missing/bytes.txt"), "others\n");
    holds("cache/runner/missing", "bytes.txt");
}

static void folders_that_cannot_be_written_are_told(void **state) {
    (void)state;
    put(".", "file", "");
    runner(4, "fetch plain --into file/folder");
    says("err", "cannot make the folder file: a file of that name is there");
    says("err", "--into DIR takes another");
    assert_int_equal(requests(), 0);
    runner(4, "fetch plain --into /proc"); /* which lets nobody, or root alone, try */
    says("err", "cannot write ");
    if (geteuid() != 0) {
        shell("mkdir -m 0500 closed");
        runner(4, "fetch plain --into closed");
        says("err", "cannot write into closed: Permission denied");
    }
    /* A disk that is full, as it were: files of at most 50 KiB. */
    shell("mkdir full; sh -c 'ulimit -f 100; \"$RUNNER\" fetch plain --into full' 2>err; test $? = 4");
    says("err", "cannot write full/bytes.txt: File too large");
    holds("full", NULL);
    shell("env -u HOME -u XDG_CACHE_HOME \"$RUNNER\" fetch plain 2>err; test $? = 4");
    says("err", "found neither XDG_CACHE_HOME nor HOME");
    shell("env -u XDG_CACHE_HOME HOME=\"$PWD/home\" \"$RUNNER\" fetch plain 2>err");
    same(*state, "home/.cache/runner/plain/bytes.txt");
}

static pid_t start(const char *dataset) {
    pid_t pid = fork();
    if (pid == 0) {
        dup2(open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        execl(environment("RUNNER"), "runner", "fetch", dataset, (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* KiB that `runner fetch` of the data set, or a process of its, takes at most. */
static long peak(const char *dataset) {
    struct rusage usage;
    int status;
    const pid_t pid = start(dataset);
    assert_int_equal(wait4(pid, &status, 0, &usage), pid);
    assert_int_equal(status, 0);
    return usage.ru_maxrss;
}

static void a_large_file_takes_little_memory(void **state) {
    (void)state;
    const long small = peak("plain");
    assert_in_range(peak("zeros"), 0, small + (20 << 10));
    says("err", "zeros: 2 of 2 files were fetched");
    assert_in_range(peak("zeros"), 0, small + (20 << 10));
    says("err", "zeros: nothing to fetch");
}

static void a_signal_leaves_nothing(void **state) {
    static const struct { int number, status; } cases[] = {{SIGINT, 130}, {SIGTERM, 143}, {SIGKILL, -1}};
    const struct place *place = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = 0;
        assert_int_equal(ftruncate(place->http.log, 0), 0);
        pid_t pid = start("stall");
        wait_for("/stall");
        const double time = clock_seconds();
        kill(pid, cases[i].number);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(clock_seconds() - time < 20); /* before the address is given up */
        if (cases[i].status < 0)
            assert_true(WIFSIGNALED(status));
        else
            assert_int_equal(WEXITSTATUS(status), cases[i].status);
        wait_for("gone /stall"); /* the process that fetched has ended as well */
        if (cases[i].status >= 0)
            holds("cache/runner/stall", NULL);
    }
    /* What one that was killed had of the file: the next one removes it, but not what another is at. */
    put(".", "cache/runner/stall/.runner-1-0.tmp", "half a file");
    assert_int_equal(ftruncate(place->http.log, 0), 0);
    pid_t pid = start("stall");
    wait_for("/stall");
    assert_int_equal(symlink("cache/runner/stall", "link"), 0);
    runner(4, "fetch closed --into link");
    char name[64];
    snprintf(name, sizeof name, ".runner-%ld-0.tmp", (long)pid);
    holds("cache/runner/stall", name);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    holds("cache/runner/stall", NULL);
}

/* ---- Wrong use ----------------------------------------------------------------------------------------------------------- */

static void wrong_names_are_told(void **state) {
    (void)state;
    runner(2, "fetch");
    says("err", "fetch: wanted the name of a data set; `runner plugins dataset` lists them");
    runner(2, "fetch plian");
    says("err", "no data set is called 'plian'; did you mean 'plain'?");
    runner(2, "fetch categorical_crossentropy");
    says("err", "no data set is called 'categorical_crossentropy'; `runner plugins dataset` lists them");
    runner(2, "fetch plain packed");
    says("err", "packed: one argument too many");
    runner(2, "fetch plain --timeout 0");
    runner(2, "check plain --into x");
    says("err", "--into is an option of fetch, and does nothing for check");
    runner(2, "fetch nothing");
    says("err", "nothing names no files to fetch; if it looks for files, they belong in $RUNNER_DATA (which is not "
                "set) and /");
    says("err", "/cache/runner/nothing, and `runner plugins nothing` tells");
    assert_int_equal(requests(), 0);
    holds("cache", NULL);
}

/* The contract 1.1 had no downloads, and its plugins are as good as before. */
static void plugins_of_the_contract_before_work_on(void **state) {
    (void)state;
    runner(2, "fetch old");
    says("err", "old names no files to fetch");
    runner(0, "plugins old");
    says("out", "dataset old: a file");
    says_not("out", "runner fetch");
    runner(0, "fetch plain --into files");
    runner(0, "plugin test plugins/fetch_data.so dataset/old path=files");
    says("out", "0 failed");
}

static void what_can_be_fetched_is_shown(void **state) {
    (void)state;
    runner(0, "plugins both");
    says("out", "`runner fetch both` gets its files:");
    says("out", "more.txt   74.2 KiB  http://127.0.0.1:");
    runner(0, "completion words fetch b");
    says("out", "both\t");
    runner(0, "completion words fetch nothing");
    assert_string_equal(content("out"), ""); /* it has no files */
    runner(0, "completion words fetch plain --into ''");
    assert_string_equal(content("out"), ":folders\n");
}

static void a_runner_without_libcurl_says_what_it_lacks(void **state) {
    (void)state;
    const char *build = environment("RUNNER_BUILD_DIR");
    shell("mkdir bin && cp '%s/runner' '%s/runner-worker' bin && ln -s '%s/plugins' bin/plugins", build, build, build);
    shell("bin/runner fetch plain 2>err; test $? = 4");
    says("err",
         "/bin/runner-fetch: No such file or directory; it is built where libcurl is: install its development files "
         "(libcurl4-openssl-dev), then build or install again");
    put("bin", "bin/runner-fetch", "#!/bin/sh\necho 'error while loading shared libraries: libcurl' >&2\nexit 127\n");
    shell("chmod +x bin/runner-fetch; bin/runner fetch plain 2>err; test $? = 4");
    says("err", "/plain: error while loading shared libraries: libcurl");
}

static void a_terminal_shows_how_far_it_is(void **state) {
    (void)state;
    char shown[4096];
    size_t n = 0;
    int terminal, status;
    pid_t pid = forkpty(&terminal, NULL, NULL, NULL);
    if (pid < 0)
        skip();
    if (pid == 0) {
        setenv("TERM", "xterm", 1);
        execl(environment("RUNNER"), "runner", "fetch", "plain", (char *)NULL);
        _exit(127);
    }
    for (ssize_t got; n + 1 < sizeof shown && (got = read(terminal, shown + n, sizeof shown - 1 - n)) > 0;)
        n += (size_t)got;
    shown[n] = '\0';
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(terminal);
    assert_int_equal(status, 0);
    assert_non_null(strstr(shown, "\r\033[Kbytes.txt: "));
    assert_non_null(strstr(shown, " of 74.2 KiB, "));
}

int main(void) {
    static const char *const proxies[] = {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY",
                                          "ALL_PROXY",  "no_proxy",    "NO_PROXY",  "RUNNER_DATA"};
    char program[4096];
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    snprintf(program, sizeof program, "%s/runner-fetch", environment("RUNNER_BUILD_DIR"));
    if (access(program, X_OK) != 0) {
        print_message("skipped: built without libcurl\n");
        return 77;
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)
    const struct CMUnitTest tests[] = {
        TEST(what_is_missing_is_fetched_and_then_found),
        TEST(gzip_stays_packed_and_is_checked_unpacked),
        TEST(a_second_run_asks_for_nothing),
        TEST(wrong_bytes_are_fetched_anew),
        TEST(into_takes_another_folder),
        TEST(runner_data_comes_first),
        TEST(redirects_and_proxies_are_followed),
        TEST(the_next_address_is_tried),
        TEST(all_that_can_go_wrong_leaves_nothing),
        TEST(a_failure_leaves_what_was_there),
        TEST(folders_that_cannot_be_written_are_told),
        TEST(a_large_file_takes_little_memory),
        TEST(a_signal_leaves_nothing),
        TEST(wrong_names_are_told),
        TEST(plugins_of_the_contract_before_work_on),
        TEST(what_can_be_fetched_is_shown),
        TEST(a_runner_without_libcurl_says_what_it_lacks),
        TEST(a_terminal_shows_how_far_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
