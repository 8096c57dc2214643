/*
 * runner-fetch URL MOST SECONDS: writes what is at the address to the standard output, at most MOST bytes. A program of its own, so that
 * the libraries of libcurl cost no other start of runner.
 *
 * On the standard error "length N" tells how many bytes are to come, where the server says so, and the last line of a failure, which is
 * exit status 1, tells why. Certificates are checked; proxies are those of the environment (http_proxy, https_proxy, no_proxy). After
 * SECONDS without a connection, or with next to nothing that comes, it gives up.
 */
#include "runner/base/build.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define REDIRECTS_MOST 5L
#define SLOWEST 100L /* bytes a second; less counts as nothing */

struct transfer {
    CURL *curl;
    const char *url;
    curl_off_t most, got;
    long seconds;
    bool too_much;
    char reason[CURL_ERROR_SIZE];
};

static size_t take(char *bytes, size_t size, size_t n, void *context) {
    struct transfer *transfer = context;
    curl_off_t length = -1;
    n *= size;
    if (transfer->got == 0 &&
        curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK && length >= 0)
        fprintf(stderr, "length %lld\n", (long long)length);
    transfer->got += (curl_off_t)n;
    transfer->too_much = transfer->got > transfer->most || length > transfer->most;
    for (size_t left = n; left > 0 && !transfer->too_much;) {
        ssize_t wrote = write(STDOUT_FILENO, bytes + n - left, left);
        if (wrote < 0 && errno != EINTR)
            return 0;
        left -= wrote > 0 ? (size_t)wrote : 0;
    }
    return transfer->too_much ? 0 : n;
}

static CURLcode set_up(struct transfer *transfer) {
    CURL *curl = transfer->curl;
    CURLcode code = CURLE_OK;
#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(curl, option, value) : code)
    SET(CURLOPT_URL, transfer->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https"); /* of redirects as well */
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, REDIRECTS_MOST);
    SET(CURLOPT_FAILONERROR, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT, transfer->seconds);
    SET(CURLOPT_LOW_SPEED_TIME, transfer->seconds);
    SET(CURLOPT_LOW_SPEED_LIMIT, SLOWEST);
    SET(CURLOPT_USERAGENT, "runner/" RUNNER_VERSION);
    SET(CURLOPT_WRITEFUNCTION, take);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->reason);
#undef SET
    return code;
}

/* Why it failed, in words of the program where libcurl's are those of its own options. */
static void explain(const struct transfer *transfer, CURLcode code) {
    long answer = 0;
    curl_off_t connected = 0, length = -1;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_getinfo(transfer->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
    curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    const char *text = transfer->reason[0] != '\0' ? transfer->reason : curl_easy_strerror(code);
    if (transfer->too_much)
        fprintf(stderr, "found more than %lld bytes, the most that the file can have\n", (long long)transfer->most);
    else if (code == CURLE_HTTP_RETURNED_ERROR)
        fprintf(stderr, "the server answers with status %ld%s\n", answer, answer == 404 ? ", no such file" : "");
    else if (code == CURLE_OPERATION_TIMEDOUT && connected == 0)
        fprintf(stderr, "no connection within %ld second%s\n", transfer->seconds, transfer->seconds == 1 ? "" : "s");
    else if (code == CURLE_OPERATION_TIMEDOUT)
        fprintf(stderr, "next to nothing came for %ld second%s, after %lld bytes\n", transfer->seconds,
                transfer->seconds == 1 ? "" : "s", (long long)transfer->got);
    else if (code == CURLE_PARTIAL_FILE && length > 0)
        fprintf(stderr, "the connection ended after %lld of %lld bytes\n", (long long)transfer->got, (long long)length);
    else if (code == CURLE_TOO_MANY_REDIRECTS)
        fprintf(stderr, "found more than %ld redirects\n", REDIRECTS_MOST);
    else if (code == CURLE_UNSUPPORTED_PROTOCOL && answer / 100 == 3)
        fprintf(stderr, "found a redirect to another protocol; wanted http or https\n");
    else if (islower((unsigned char)text[text[0] != '\0']))
        fprintf(stderr, "%c%s\n", tolower((unsigned char)text[0]), text + 1);
    else /* SSL, URL */
        fprintf(stderr, "%s\n", text);
}

static bool read_number(const char *text, long long *number) {
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number > 0;
}

int main(int argc, char **argv) {
    long long most, seconds;
    if (argc != 4 || !read_number(argv[2], &most) || !read_number(argv[3], &seconds)) {
        fputs("runner-fetch: wanted URL MOST SECONDS; `runner fetch DATASET` calls it\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    struct transfer transfer = {.url = argv[1], .most = most, .seconds = (long)seconds};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (transfer.curl = curl_easy_init()) == NULL) {
        fputs("libcurl does not start\n", stderr);
        return 1;
    }
    CURLcode code = set_up(&transfer);
    if (code == CURLE_OK)
        code = curl_easy_perform(transfer.curl);
    if (code != CURLE_OK)
        explain(&transfer, code);
    curl_easy_cleanup(transfer.curl);
    curl_global_cleanup();
    return code == CURLE_OK ? 0 : 1;
}
