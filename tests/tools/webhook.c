/* SPDX-License-Identifier: MIT */
/* webhook PORT: what Alertmanager posts to it, one line of JSON each, on standard output. On 127.0.0.1. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

#define REQUEST_SIZE (1 << 20)

static int listen_on(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 16) < 0) {
        perror("webhook");
        exit(1);
    }
    return listener;
}

/* Of a request that is there in full; NULL: more is to come. */
static const char *body_of(const char *request) {
    const char *length = strcasestr(request, "\r\nContent-Length:");
    const char *body = strstr(request, "\r\n\r\n");

    if (!length || !body)
        return NULL;
    body += strlen("\r\n\r\n");
    return strlen(body) >= strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) ? body : NULL;
}

static void answer(int client) {
    static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    static char request[REQUEST_SIZE];
    const char *body = NULL;

    for (size_t length = 0; !body && length < sizeof request - 1;) {
        ssize_t received = read(client, request + length, sizeof request - 1 - length);
        if (received <= 0)
            return;
        length += (size_t)received;
        request[length] = '\0';
        body = body_of(request);
    }
    if (body && write(client, response, strlen(response)) > 0)
        printf("%s%s", body, strchr(body, '\n') ? "" : "\n");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fputs("usage: webhook PORT\n", stderr);
        return 2;
    }
    int listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("READY");
    for (;;) {
        CLEANUP_FD int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0)
            answer(client);
    }
}
