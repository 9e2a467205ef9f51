/* SPDX-License-Identifier: Apache-2.0 */
/* Lines 18 and 34: ways out without a network. */
#include "attack.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_in address_of(const char *text, int port)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};

        inet_pton(AF_INET, text, &address.sin_addr);
        return address;
}

static int connect_to(const char *text, int port)
{
        struct sockaddr_in address = address_of(text, port);

        return CALL(SYS_connect, socket(AF_INET, SOCK_STREAM, 0), &address, sizeof(address));
}

static int send_to(const char *text, int type, int flags)
{
        struct sockaddr_in address = address_of(text, 53);

        return CALL(SYS_sendto, socket(AF_INET, type, 0), "x", 1, flags, &address, sizeof(address));
}

ATTEMPT(tcp_out)
{
        return connect_to("1.1.1.1", 53);
}
ATTEMPT(udp_out)
{
        return send_to("1.1.1.1", SOCK_DGRAM, 0);
}
ATTEMPT(fastopen_out)
{
        return send_to("1.1.1.1", SOCK_STREAM, MSG_FASTOPEN | MSG_NOSIGNAL);
}
ATTEMPT(multicast_out)
{
        return send_to("224.0.0.251", SOCK_DGRAM, 0);
}
ATTEMPT(metadata)
{
        return connect_to("169.254.169.254", 80);
}
ATTEMPT(host_tcp)
{
        return connect_to("127.0.0.1", atoi(attack_argument));
}

ATTEMPT(own_loopback)
{
        struct sockaddr_in address = address_of("127.0.0.1", 0);
        socklen_t len = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &len) < 0)
                return answer(-1);
        return connect_to("127.0.0.1", ntohs(address.sin_port));
}

ATTEMPT(tcp6_out)
{
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(53)};

        inet_pton(AF_INET6, "2606:4700:4700::1111", &address.sin6_addr);
        return CALL(SYS_connect, socket(AF_INET6, SOCK_STREAM, 0), &address, sizeof(address));
}

ATTEMPT(resolve)
{
        struct addrinfo *found = NULL;

        return getaddrinfo("example.com", "80", NULL, &found) == 0 ? GAINED : HELD;
}

ATTEMPT(configure_net)
{
        struct ifreq request = {.ifr_name = "lo"};
        struct sockaddr_in address = address_of("10.9.8.7", 0);

        memcpy(&request.ifr_addr, &address, sizeof(address));
        return CALL(SYS_ioctl, socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFADDR, &request);
}

ATTEMPT(only_loopback)
{
        char line[256];
        FILE *file = fopen("/proc/net/dev", "re");
        int others = 0, lines = 0;

        while (file && fgets(line, sizeof(line), file))
                if (lines++ >= 2 && !strstr(line, "lo:")) {
                        explain("%s", line);
                        others++;
                }
        return !file ? BROKEN : others ? GAINED : HELD;
}

static int connect_path(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        return CALL(SYS_connect, socket(AF_UNIX, SOCK_STREAM, 0), &address, sizeof(address));
}

ATTEMPT(docker_socket)
{
        int result = connect_path("/run/docker.sock");

        return result == ENOENT ? connect_path("/var/run/docker.sock") : result;
}

ATTEMPT(connect_shown)
{
        return connect_path(attack_argument);
}

ATTEMPT(host_abstract)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        size_t len = strlen(attack_argument);

        memcpy(address.sun_path + 1, attack_argument, len < 90 ? len : 90);
        return CALL(SYS_connect, socket(AF_UNIX, SOCK_STREAM, 0), &address,
                    offsetof(struct sockaddr_un, sun_path) + 1 + len);
}
