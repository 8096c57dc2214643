/*
 * A web server on 127.0.0.1 for the tests of `runner fetch`: a process that answers each address in the way of its name, and writes the
 * addresses that were asked for into a file. Nothing of it leaves the machine.
 */
#ifndef TESTS_E2E_HTTP_H
#define TESTS_E2E_HTTP_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

struct bytes {
    unsigned char *data;
    size_t n;
};

struct http {
    int socket, log;
    unsigned port;
    pid_t pid;
    struct bytes plain, packed, bomb;
};

static inline struct bytes http_gzip(const unsigned char *data, size_t n) {
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)data, .avail_in = (unsigned)n};
    deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY);
    struct bytes packed = {.n = deflateBound(&stream, n)};
    packed.data = malloc(packed.n);
    stream.next_out = packed.data;
    stream.avail_out = (unsigned)packed.n;
    deflate(&stream, Z_FINISH);
    packed.n = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

static inline bool http_send(int client, const void *data, size_t n) {
    for (const char *at = data; n > 0;) {
        ssize_t sent = send(client, at, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

static inline void http_head(int client, const char *status, const char *more, size_t length) {
    char head[512];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n", status, more,
             length);
    http_send(client, head, strlen(head));
}

static inline void http_body(int client, const unsigned char *data, size_t n) {
    http_head(client, "200 OK", "", n);
    http_send(client, data, n);
}

static inline void http_note(const struct http *http, const char *what, const char *path) {
    char line[300];
    int n = snprintf(line, sizeof line, "%s%s\n", what, path);
    if (write(http->log, line, (size_t)n) != n)
        _exit(1);
}

/* Until the other side goes. */
static inline void http_wait(const struct http *http, int client, const char *path) {
    struct pollfd gone = {.fd = client, .events = POLLIN};
    poll(&gone, 1, 60000);
    http_note(http, "gone ", path);
}

static inline void http_answer(const struct http *http, int client, const char *path) {
    const unsigned char *plain = http->plain.data;
    const size_t n = http->plain.n;
    if (strcmp(path, "/plain") == 0) {
        http_body(client, plain, n);
    } else if (strcmp(path, "/packed") == 0) {
        http_body(client, http->packed.data, http->packed.n);
    } else if (strcmp(path, "/bomb") == 0) {
        http_body(client, http->bomb.data, http->bomb.n);
    } else if (strcmp(path, "/wrong") == 0) {
        http_head(client, "200 OK", "", n);
        http_send(client, "?", 1);
        http_send(client, plain + 1, n - 1);
    } else if (strcmp(path, "/page") == 0) {
        http_body(client, (const unsigned char *)"<html>log in first</html>", 25);
    } else if (strcmp(path, "/damaged") == 0) { /* its gzip is cut, and that the server knows */
        http_body(client, http->packed.data, http->packed.n - 5);
    } else if (strcmp(path, "/cut") == 0) {
        http_head(client, "200 OK", "", n);
        http_send(client, plain, n / 2);
    } else if (strcmp(path, "/noise") == 0) { /* no HTTP */
        http_send(client, plain, n);
    } else if (strcmp(path, "/stall") == 0) {
        http_head(client, "200 OK", "", n);
        http_send(client, plain, 10);
        http_wait(http, client, path);
    } else if (strcmp(path, "/silent") == 0) {
        http_wait(http, client, path);
    } else if (strcmp(path, "/endless") == 0) {
        http_send(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 38);
        while (http_send(client, plain, n))
            continue;
        http_note(http, "gone ", path);
    } else if (strcmp(path, "/huge") == 0) {
        http_head(client, "200 OK", "", 1u << 30);
        http_send(client, plain, n);
        http_wait(http, client, path);
    } else if (strcmp(path, "/zeros") == 0) {
        static const unsigned char zeros[1 << 20];
        http_head(client, "200 OK", "", 50 * sizeof zeros);
        for (int i = 0; i < 50; i++)
            http_send(client, zeros, sizeof zeros);
    } else if (strcmp(path, "/moved") == 0) {
        http_head(client, "302 Found", "Location: /plain\r\n", 0);
    } else if (strcmp(path, "/loop") == 0) {
        http_head(client, "301 Moved Permanently", "Location: /loop\r\n", 0);
    } else if (strcmp(path, "/local") == 0) {
        http_head(client, "302 Found", "Location: file:///etc/hostname\r\n", 0);
    } else {
        http_head(client, "404 Not Found", "", 0);
    }
}

/* "GET /plain HTTP/1.1", or of a proxy "GET http://host/plain HTTP/1.1". */
static inline void http_serve(const struct http *http, int client) {
    char request[8192], path[256] = "/";
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n + 1 < sizeof request; n += (size_t)got) {
        request[n] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL)
            break;
        got = recv(client, request + n, sizeof request - 1 - n, 0);
        if (got <= 0)
            return;
    }
    const char *at = strncmp(request, "GET ", 4) == 0 ? request + 4 : "/";
    if (strncmp(at, "http://", 7) == 0) {
        http_note(http, "proxy", "");
        at = strchr(at + 7, '/') != NULL ? strchr(at + 7, '/') : "/";
    }
    snprintf(path, sizeof path, "%.*s", (int)strcspn(at, " \r\n"), at);
    http_note(http, "", path);
    http_answer(http, client, path);
    shutdown(client, SHUT_WR);
}

static inline void http_run(const struct http *http) {
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int client = accept(http->socket, NULL, NULL);
        if (client < 0)
            continue;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            http_serve(http, client);
            _exit(0);
        }
        close(client);
    }
}

/* `plain` is the file that is published. The log is made anew. False where there is no loopback. */
static inline bool http_start(struct http *http, const unsigned char *plain, size_t n, const char *log) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    unsigned char *zeros = calloc(1, 50 << 20);
    *http = (struct http){.plain = {(unsigned char *)(uintptr_t)plain, n}, .packed = http_gzip(plain, n)};
    http->bomb = http_gzip(zeros, 50 << 20);
    free(zeros);
    http->log = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    http->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (http->log < 0 || http->socket < 0 || bind(http->socket, (struct sockaddr *)&address, length) != 0 ||
        listen(http->socket, 16) != 0 || getsockname(http->socket, (struct sockaddr *)&address, &length) != 0)
        return false;
    http->port = ntohs(address.sin_port);
    http->pid = fork();
    if (http->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        http_run(http);
    }
    return http->pid > 0;
}

static inline void http_stop(struct http *http) {
    kill(http->pid, SIGKILL);
    waitpid(http->pid, NULL, 0);
    close(http->socket);
    close(http->log);
    free(http->packed.data);
    free(http->bomb.data);
}

#endif
