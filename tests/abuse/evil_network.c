/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runner that was taken over, in a run with network: it holds descriptor 5 to cupel-egress, which holds the credentials, and
 * descriptor 3 to the supervisor, which judges both.
 */
#include "evil_network.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SUPERVISOR 3
#define HELPER 4
#define EGRESS 5
#define SECRET "sk-abuse-" /* the test makes the rest up */

/* ---- The credential ---- */

static bool file_has(const char *path, const char *text)
{
        static char bytes[1 << 20];
        int fd = open(path, O_RDONLY | O_NONBLOCK);
        ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

        if (fd >= 0)
                close(fd);
        return got > 0 && memmem(bytes, (size_t)got, text, strlen(text));
}

/* Every process that the cage shows, its own among them. */
static void look_for_credential(evil_report *report)
{
        static const char *const files[] = {"environ", "cmdline", "mem", "maps"};
        DIR *proc = opendir("/proc");
        struct dirent *entry;
        bool found = false;

        while (proc && (entry = readdir(proc)))
                for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
                        char path[512];

                        snprintf(path, sizeof(path), "/proc/%s/%s", entry->d_name, files[i]);
                        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
                                found = found || file_has(path, SECRET);
                }
        if (proc)
                closedir(proc);
        report("find the credential", found);
}

/* ---- Descriptors ---- */

/* False: the peer is gone, or does not take them. */
static bool pass(int to, const char *line, const int *fds, size_t count)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))] = {0};
        struct iovec part = {.iov_base = (char *)line, .iov_len = strlen(line)};
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
        struct cmsghdr *first;

        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        first = CMSG_FIRSTHDR(&header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(first), fds, count * sizeof(int));
        return sendmsg(to, &header, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

/* Its own ends of all sockets, in the hands of those that wait for them to be closed. */
static void give_own_ends(evil_report *report)
{
        static const int own[] = {SUPERVISOR, HELPER, EGRESS};

        (void)report;
        pass(EGRESS, " ", own, 3);
        pass(SUPERVISOR, " ", own, 3);
}

static void flood_with_descriptors(evil_report *report)
{
        int fds[64];

        (void)report;
        for (size_t i = 0; i < 64; i++)
                fds[i] = open("/proc/self/exe", O_RDONLY);
        for (int i = 0; i < 2000; i++)
                if (!pass(EGRESS, " ", fds, 64) || !pass(SUPERVISOR, " ", fds, 64))
                        break;
}

static void listen_on_no_listener(evil_report *report)
{
        static const int own[] = {SUPERVISOR};

        (void)report;
        pass(EGRESS, "{\"type\":\"listen\",\"for\":\"proxy\"}\n", own, 1);
}

/* ---- Words ---- */

static void put(int to, const char *text)
{
        if (send(to, text, strlen(text), MSG_NOSIGNAL) < 0)
                return;
}

static void configure_anew(evil_report *report)
{
        (void)report;
        put(EGRESS, "{\"type\":\"config\",\"allow\":[\"127.0.0.1:22\"],\"bytes\":0,\"connections\":0,\"routes\":[]}\n");
}

static void close_without_reading(evil_report *report)
{
        static const char line[] = "{\"type\":\"close\"}\n";

        (void)report;
        for (int i = 0; i < 100000; i++)
                if (send(EGRESS, line, sizeof(line) - 1, MSG_NOSIGNAL) < 0)
                        break;
}

static void line_without_end(evil_report *report)
{
        static char bytes[65536];

        (void)report;
        memset(bytes, '[', sizeof(bytes));
        for (int i = 0; i < 1000; i++)
                if (send(EGRESS, bytes, sizeof(bytes), MSG_NOSIGNAL) < 0)
                        break;
}

static void close_half(evil_report *report)
{
        (void)report;
        shutdown(EGRESS, SHUT_RD);
        put(EGRESS, "{\"type\":\"close\"}\n{\"type\":");
}

static void forge_receipts(evil_report *report)
{
        (void)report;
        put(SUPERVISOR,
            "{\"event\":\"record\",\"type\":\"receipt.net\",\"actor\":\"system\",\"data\":{\"host\":\"forged.example\","
            "\"port\":443,\"address\":\"\",\"bytes_in\":0,\"bytes_out\":0,\"ms\":0}}\n");
}

static const struct {
        const char *kind;
        void (*try)(evil_report *report);
} kinds[] = {
        {"credential", look_for_credential},    {"own-ends", give_own_ends}, {"descriptors", flood_with_descriptors},
        {"no-listener", listen_on_no_listener}, {"config", configure_anew},  {"deaf", close_without_reading},
        {"endless", line_without_end},          {"half", close_half},        {"receipts", forge_receipts},
};

void evil_network(const char *kind, evil_report *report)
{
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
                if (strcmp(kinds[i].kind, kind) == 0) {
                        report("begun", false); /* the run may be over before the attempt is */
                        kinds[i].try(report);
                }
}
