/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name service and a public network for tests on machines that have neither: preloaded into cupel-egress.
 *
 *         FAKE_HOSTS="a.example=93.184.216.34 b.example=10.0.0.1,93.184.216.34 c.example=hang"
 *         FAKE_ROUTES="93.184.216.34=127.0.0.1:8080 93.184.216.35=refused"
 *
 * A name that is not there is unknown; "hang" never answers. TCP connections to a listed address go where its route
 * leads, or are refused.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The value of `key` in a list of key=value words; NULL where it is missing. Owned by the caller. */
static char *value_of(const char *list, const char *key)
{
        size_t len = strlen(key);

        for (const char *at = list; at && *at; at += strcspn(at, " "), at += strspn(at, " "))
                if (!strncmp(at, key, len) && at[len] == '=')
                        return strndup(at + len + 1, strcspn(at + len + 1, " "));
        return NULL;
}

static struct addrinfo *make_info(const char *text, struct addrinfo *next)
{
        struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in6));
        struct sockaddr_in *v4 = (struct sockaddr_in *)(info + 1);
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(info + 1);

        info->ai_next = next;
        info->ai_socktype = SOCK_STREAM;
        info->ai_addr = (struct sockaddr *)(info + 1);
        if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
                info->ai_family = v4->sin_family = AF_INET;
                info->ai_addrlen = sizeof(*v4);
        } else {
                inet_pton(AF_INET6, text, &v6->sin6_addr);
                info->ai_family = v6->sin6_family = AF_INET6;
                info->ai_addrlen = sizeof(*v6);
        }
        return info;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
        char *value = value_of(getenv("FAKE_HOSTS"), node), *comma;
        struct addrinfo *list = NULL;

        (void)service, (void)hints;
        if (!value)
                return EAI_NONAME;
        while (!strcmp(value, "hang"))
                pause();
        while ((comma = strrchr(value, ','))) {
                list = make_info(comma + 1, list);
                *comma = '\0';
        }
        *result = make_info(value, list);
        free(value);
        return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
        while (list) {
                struct addrinfo *next = list->ai_next;

                free(list);
                list = next;
        }
}

static int go(int fd, const struct sockaddr *address, socklen_t len)
{
        int (*real)(int, const struct sockaddr *, socklen_t) =
                (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");

        return real(fd, address, len);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        struct sockaddr_in there = {.sin_family = AF_INET};
        char text[64], *value, *colon;
        int type = 0;
        socklen_t type_len = sizeof(type);

        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len);
        if (address->sa_family != AF_INET || type != SOCK_STREAM)
                return go(fd, address, len);
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
        value = value_of(getenv("FAKE_ROUTES"), text);
        if (!value)
                return go(fd, address, len);
        colon = strchr(value, ':');
        errno = ECONNREFUSED;
        if (colon) {
                *colon = '\0';
                inet_pton(AF_INET, value, &there.sin_addr);
                there.sin_port = htons((unsigned short)atoi(colon + 1));
        }
        free(value);
        return colon ? go(fd, (struct sockaddr *)&there, sizeof(there)) : -1;
}
